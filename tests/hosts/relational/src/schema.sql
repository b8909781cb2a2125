-- Texts compare byte by byte: COLLATE "C". Documents are JSON as text, since jsonb refuses some texts that directories have.
CREATE TABLE IF NOT EXISTS assets (
    organization text COLLATE "C", id bytea, version bigint NOT NULL, document text NOT NULL,
    PRIMARY KEY (organization, id));
CREATE TABLE IF NOT EXISTS match_keys (
    organization text COLLATE "C", key text COLLATE "C", asset bytea,
    PRIMARY KEY (organization, key, asset));
CREATE INDEX IF NOT EXISTS match_keys_of_asset ON match_keys (organization, asset);
-- Everything else: links, users, groups, runs, decisions, and so on. What is of no source has an empty one. `at` is the
-- time of runs and merges, and 1 for a link that decisions moved; `asset` is where a link leads.
CREATE TABLE IF NOT EXISTS records (
    organization text COLLATE "C", kind text COLLATE "C", source text COLLATE "C", key bytea,
    at bigint NOT NULL, asset bytea, document text NOT NULL,
    PRIMARY KEY (organization, kind, source, key));
CREATE INDEX IF NOT EXISTS records_in_time ON records (organization, kind, at, key) WHERE at <> 0;
CREATE INDEX IF NOT EXISTS records_of_asset ON records (organization, asset) WHERE asset IS NOT NULL;
CREATE TABLE IF NOT EXISTS batches (
    organization text COLLATE "C", id bytea, PRIMARY KEY (organization, id));
