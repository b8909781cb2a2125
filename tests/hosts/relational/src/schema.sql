-- Texts compare byte by byte: COLLATE "C". Documents are json, since jsonb refuses some
-- texts that directories have.
CREATE TABLE IF NOT EXISTS assets (
    organization text COLLATE "C", id bytea, version bigint NOT NULL, document json NOT NULL,
    keys text[] COLLATE "C" NOT NULL, PRIMARY KEY (organization, id));
CREATE INDEX IF NOT EXISTS assets_by_match_key ON assets USING gin (keys);
-- Everything else: links, users, groups, runs, decisions, and so on. What is of no source has an empty one. `at` is the
-- time of runs and merges, and 1 for a link that decisions moved; `asset` is where a link leads.
CREATE TABLE IF NOT EXISTS records (
    organization text COLLATE "C", kind text COLLATE "C", source text COLLATE "C", key bytea,
    at bigint NOT NULL, asset bytea, document json NOT NULL,
    PRIMARY KEY (organization, kind, source, key));
CREATE INDEX IF NOT EXISTS records_in_time ON records (organization, kind, at, key) WHERE at <> 0;
CREATE INDEX IF NOT EXISTS records_of_asset ON records (organization, asset) WHERE asset IS NOT NULL;
CREATE TABLE IF NOT EXISTS batches (
    organization text COLLATE "C", id bytea, PRIMARY KEY (organization, id));
