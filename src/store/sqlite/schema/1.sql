-- Organizations and sources are known by small numbers inside, so that keys stay short.
CREATE TABLE organizations (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sources (
    number INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organizations,
    id TEXT NOT NULL,
    checkpoint TEXT,
    lease_newest INTEGER NOT NULL DEFAULT 0,
    lease_holder BLOB CHECK (length(lease_holder) = 16),
    lease_expires INTEGER,
    UNIQUE (organization, id)
) STRICT;

CREATE TABLE batches (
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- What queries ask for, folded. Rows are small, so that all of them are read in a moment; the records are in
-- asset_documents, and what an asset may have several of is in asset_names and asset_texts.
CREATE TABLE assets (
    number INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    version INTEGER NOT NULL,
    site TEXT NOT NULL,
    os TEXT,
    os_version TEXT,
    type TEXT,
    first_seen INTEGER,
    last_seen INTEGER,
    -- The first of its names.
    name TEXT,
    -- Its sources and its domains, as in asset_texts, with U+001F around each.
    sources TEXT NOT NULL,
    domains TEXT NOT NULL,
    UNIQUE (organization, id)
) STRICT;

-- The documents are the records, as JSON. Everything else is there to find them by.
CREATE TABLE asset_documents (
    asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
    document TEXT NOT NULL
) STRICT;

-- Which attributes an asset may have, and with what values: see query::Signature.
CREATE TABLE asset_signatures (
    asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
    bits BLOB NOT NULL CHECK (length(bits) = 256)
) STRICT;

CREATE TABLE asset_names (
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (asset, position)
) STRICT, WITHOUT ROWID;

-- One table for four fields: asset numbers grow, so what is written together stands together.
CREATE TABLE asset_texts (
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    field INTEGER NOT NULL,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    key TEXT,
    PRIMARY KEY (asset, field, position)
) STRICT, WITHOUT ROWID;

CREATE VIEW asset_sources AS SELECT asset, text FROM asset_texts WHERE field = 0;
CREATE VIEW asset_aliases AS SELECT asset, text FROM asset_texts WHERE field = 1;
CREATE VIEW asset_domains AS SELECT asset, text FROM asset_texts WHERE field = 2;
CREATE VIEW asset_addresses AS SELECT asset, text, key FROM asset_texts WHERE field = 3;

CREATE TABLE match_keys (
    organization INTEGER NOT NULL,
    key TEXT NOT NULL,
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    PRIMARY KEY (organization, key, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX match_keys_of_asset ON match_keys (asset);

-- objectGUIDs are random. A link is small enough that all of a directory's stay in the page cache; a user
-- or group is not, and is appended to its table, with only its GUID in random order.
CREATE TABLE links (
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    kind INTEGER NOT NULL,
    asset BLOB CHECK (length(asset) = 16),
    digest BLOB NOT NULL CHECK (length(digest) = 16),
    place BLOB NOT NULL CHECK (length(place) = 16),
    attributes INTEGER NOT NULL,
    presence INTEGER NOT NULL,
    since INTEGER,
    runs INTEGER,
    PRIMARY KEY (source, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    number INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    document TEXT NOT NULL,
    UNIQUE (source, object)
) STRICT;

CREATE TABLE directory_groups (
    number INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    document TEXT NOT NULL,
    UNIQUE (source, object)
) STRICT;

CREATE TABLE decisions (
    organization INTEGER NOT NULL REFERENCES organizations,
    source TEXT NOT NULL,
    object BLOB NOT NULL CHECK (length(object) = 16),
    asset BLOB NOT NULL CHECK (length(asset) = 16),
    kind INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (organization, source, object, asset, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE merges (
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT;

CREATE TABLE runs (
    source INTEGER NOT NULL REFERENCES sources,
    id BLOB NOT NULL CHECK (length(id) = 16),
    started INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (source, id)
) STRICT;
CREATE INDEX runs_by_start ON runs (source, started, id);
