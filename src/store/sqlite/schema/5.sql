-- What commits told those who follow the inventory: a row for each commit that told something, numbered in their order,
-- with all of its events, packed as the documents of assets are. No entry has the number feed_end or a higher one, and none
-- of a number below feed_first is kept.
CREATE TABLE feed_entries (
    organization INTEGER NOT NULL REFERENCES organizations,
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (organization, entry)
) STRICT;
ALTER TABLE organizations ADD COLUMN feed_first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN feed_end INTEGER NOT NULL DEFAULT 1;
-- Whatever was written before was told to nobody.
UPDATE organizations SET feed_first = 2, feed_end = 2;
