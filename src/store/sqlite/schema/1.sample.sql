-- An inventory as the first version of the schema has it, with one asset and its link.
PRAGMA application_id = 1279543670;
PRAGMA user_version = 1;
CREATE TABLE asset_documents (
    asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
    document TEXT NOT NULL
) STRICT;
CREATE TABLE asset_names (
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (asset, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE asset_signatures (
    asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
    bits BLOB NOT NULL CHECK (length(bits) = 256)
) STRICT;
CREATE TABLE asset_texts (
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    field INTEGER NOT NULL,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    key TEXT,
    PRIMARY KEY (asset, field, position)
) STRICT, WITHOUT ROWID;
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
    name TEXT,
    sources TEXT NOT NULL,
    domains TEXT NOT NULL,
    UNIQUE (organization, id)
) STRICT;
CREATE TABLE batches (
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
    organization INTEGER NOT NULL REFERENCES organizations,
    source TEXT NOT NULL,
    object BLOB NOT NULL CHECK (length(object) = 16),
    asset BLOB NOT NULL CHECK (length(asset) = 16),
    kind INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (organization, source, object, asset, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE directory_groups (
    number INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    document TEXT NOT NULL,
    UNIQUE (source, object)
) STRICT;
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
CREATE TABLE match_keys (
    organization INTEGER NOT NULL,
    key TEXT NOT NULL,
    asset INTEGER NOT NULL REFERENCES assets ON DELETE CASCADE,
    PRIMARY KEY (organization, key, asset)
) STRICT, WITHOUT ROWID;
CREATE TABLE merges (
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT;
CREATE TABLE organizations (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE runs (
    source INTEGER NOT NULL REFERENCES sources,
    id BLOB NOT NULL CHECK (length(id) = 16),
    started INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (source, id)
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
CREATE TABLE users (
    number INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    document TEXT NOT NULL,
    UNIQUE (source, object)
) STRICT;
CREATE VIEW asset_addresses AS SELECT asset, text, key FROM asset_texts WHERE field = 3;
CREATE VIEW asset_aliases AS SELECT asset, text FROM asset_texts WHERE field = 1;
CREATE VIEW asset_domains AS SELECT asset, text FROM asset_texts WHERE field = 2;
CREATE VIEW asset_sources AS SELECT asset, text FROM asset_texts WHERE field = 0;
CREATE INDEX match_keys_of_asset ON match_keys (asset);
CREATE INDEX runs_by_start ON runs (source, started, id);
INSERT INTO "organizations" VALUES(1,'acme');
INSERT INTO "sources" VALUES(1,1,'ldap/corp.example',NULL,0,NULL,NULL);
INSERT INTO "batches" VALUES(1,X'00000000000000000000000000000001');
INSERT INTO "assets" VALUES(1,1,X'00000000000000000000000000000001',1,'hq','windows server 2022',NULL,NULL,NULL,NULL,'web1.corp.example','ldapldap/corp.example','');
INSERT INTO "asset_documents" VALUES(1,'{"id":"00000000-0000-0000-0000-000000000001","organization":"acme","site":"hq","version":1,"parts":[{"number":0,"source":"ldap/corp.example","object":"01010101-0101-0101-0101-010101010101","key":"@ldap.computer","attributes":{"cn":"WEB1","memberOf":["CN=A","CN=B"]},"presence":"present","written":"2026-01-01T00:00:01Z"}],"names":[{"value":"web1.corp.example","part":0,"since":"2026-01-01T00:00:01Z"}],"domains":[],"addresses":[],"os":[{"value":"Windows Server 2022","part":0,"since":"2026-01-01T00:00:01Z"}],"os_version":[],"type":[],"first_seen":[],"last_seen":[]}');
INSERT INTO "asset_signatures" VALUES(1,X'02000000000000000000000000040020000000000800000000000000000000000000000000000208000000000000000000000000000000000000200002000100600000000000000000000000000000000000000000000020000000000000040000000000000000000000000100200000000000400000008000000000000000000000000800000000000000000000000002000000000000000000000000080000000000000080200000000000000000000000000000000000000000000200088000000000000000010000080000000000000000000000000000000000000000000000000000000000000000000000000000000000000008000000000000000000');
INSERT INTO "asset_names" VALUES(1,0,'web1.corp.example');
INSERT INTO "asset_texts" VALUES(1,0,0,'ldap',NULL);
INSERT INTO "asset_texts" VALUES(1,0,1,'ldap/corp.example',NULL);
INSERT INTO "links" VALUES(1,X'01010101010101010101010101010101',0,X'00000000000000000000000000000001',X'07070707070707070707070707070707',X'08080808080808080808080808080808',9,1,1767225602000000,3);
INSERT INTO "match_keys" VALUES(1,'s:web1',1);
