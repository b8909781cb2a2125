-- What commits told those who follow the inventory: a row for each commit that told something, by the number of the commit,
-- with all of its events.
CREATE TABLE IF NOT EXISTS feed_entries (
    organization text NOT NULL,
    entry bigint NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (organization, entry)
);

-- No entry of a number below the first one is kept. An organization without a row keeps all. Whatever was written before
-- there was a feed was told to nobody.
CREATE TABLE IF NOT EXISTS feed_extents (
    organization text PRIMARY KEY,
    first bigint NOT NULL
);
INSERT INTO feed_extents (organization, first) SELECT id, commits + 1 FROM organizations WHERE commits > 0
ON CONFLICT DO NOTHING;
