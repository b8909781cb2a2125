-- An organization leads every key, so that each table can be partitioned or distributed by it. Ids, objectGUIDs and
-- digests compare by their bytes, and so does what is kept as bytea; texts are compared for equality, and where their
-- order matters a statement says which. Nothing refers to anything: what a commit must keep true, it keeps true.

-- Whoever writes to an organization counts its commit up first, and so waits for its turn.
CREATE TABLE IF NOT EXISTS organizations (
    id text PRIMARY KEY,
    commits bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS sources (
    organization text NOT NULL,
    id text NOT NULL,
    lease_newest bigint NOT NULL DEFAULT 0,
    lease_holder uuid,
    lease_expires bigint,
    PRIMARY KEY (organization, id)
);

CREATE TABLE IF NOT EXISTS batches (
    organization text NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (organization, id)
);

-- What queries ask for, folded. Rows are small, so that all of them are read in a moment; the records are in
-- asset_documents, and what an asset may have several of is in asset_terms.
CREATE TABLE IF NOT EXISTS assets (
    organization text NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    site text NOT NULL,
    os text,
    os_version text,
    type text,
    first_seen bigint,
    last_seen bigint,
    -- The first of its names.
    name text,
    -- Its sources and its domains, with U+001F around each.
    sources text NOT NULL,
    domains text NOT NULL,
    PRIMARY KEY (organization, id)
);
-- The order in which people look at them.
CREATE INDEX IF NOT EXISTS assets_by_name ON assets (organization, (name COLLATE "C"), id);
-- There are few lists of sources, each of which many assets have, or hardly any.
CREATE INDEX IF NOT EXISTS assets_by_sources ON assets (organization, sources, id);

-- Which attributes assets may have, and with what values. By themselves, since whoever asks for any looks at all of them.
CREATE TABLE IF NOT EXISTS asset_signatures (
    organization text NOT NULL,
    asset uuid NOT NULL,
    bits bit varying NOT NULL,
    PRIMARY KEY (organization, asset)
);

-- The documents are the records, as JSON. Everything else is there to find them by.
CREATE TABLE IF NOT EXISTS asset_documents (
    organization text NOT NULL,
    asset uuid NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, asset)
);

-- Fields: 0 names, 1 aliases, 2 domains, 3 addresses, 4 match keys.
CREATE TABLE IF NOT EXISTS asset_terms (
    organization text NOT NULL,
    asset uuid NOT NULL,
    field smallint NOT NULL,
    position integer NOT NULL,
    text text NOT NULL,
    key text,
    PRIMARY KEY (organization, asset, field, position)
);
-- A part of a name is looked for in all of them: in an index that has nothing else.
CREATE INDEX IF NOT EXISTS asset_terms_by_name ON asset_terms (organization, text, asset) WHERE field = 0;
CREATE INDEX IF NOT EXISTS asset_terms_by_text ON asset_terms (organization, field, text, asset) WHERE field > 0;

-- Where objects were last seen, and by whom: many links share one, which is known by the digest of what it says.
CREATE TABLE IF NOT EXISTS sightings (
    organization text NOT NULL,
    id uuid NOT NULL,
    container bytea,
    account bytea NOT NULL,
    filter bytea,
    PRIMARY KEY (organization, id)
);

CREATE TABLE IF NOT EXISTS links (
    organization text NOT NULL,
    source text NOT NULL,
    object uuid NOT NULL,
    kind bigint NOT NULL,
    asset uuid,
    digest bytea NOT NULL,
    dn_digest bytea NOT NULL,
    attributes bigint NOT NULL,
    presence bigint NOT NULL,
    since bigint,
    runs bigint,
    seen uuid,
    -- Where the rules alone have an object that a person's decision has elsewhere: the id of an asset, or nothing at
    -- all for one that waits.
    home bytea,
    PRIMARY KEY (organization, source, object)
);
CREATE INDEX IF NOT EXISTS links_moved ON links (organization, source, object) WHERE home IS NOT NULL;

CREATE TABLE IF NOT EXISTS users (
    organization text NOT NULL,
    source text NOT NULL,
    object uuid NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, object)
);

CREATE TABLE IF NOT EXISTS directory_groups (
    organization text NOT NULL,
    source text NOT NULL,
    object uuid NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, object)
);

-- Computers that wait for a person.
CREATE TABLE IF NOT EXISTS waiting (
    organization text NOT NULL,
    source text NOT NULL,
    object uuid NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, object)
);

CREATE TABLE IF NOT EXISTS decisions (
    organization text NOT NULL,
    source text NOT NULL,
    object uuid NOT NULL,
    asset uuid NOT NULL,
    kind bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, object, asset, kind)
);

CREATE TABLE IF NOT EXISTS merges (
    organization text NOT NULL,
    id uuid NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, id)
);

CREATE TABLE IF NOT EXISTS runs (
    organization text NOT NULL,
    source text NOT NULL,
    id uuid NOT NULL,
    started bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, id)
);
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (organization, source, started, id);

CREATE TABLE IF NOT EXISTS checkpoints (
    organization text NOT NULL,
    source text NOT NULL,
    key bytea NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, source, key)
);

-- Where the ids of assets lead that were taken away.
CREATE TABLE IF NOT EXISTS redirects (
    organization text NOT NULL,
    id uuid NOT NULL,
    leads_to uuid NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (organization, id)
);
