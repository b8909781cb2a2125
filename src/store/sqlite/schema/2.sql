-- Where the rules alone have an object that a person's decision has elsewhere: the id of an asset, or nothing at
-- all for one that waits.
ALTER TABLE links ADD COLUMN home BLOB CHECK (length(home) IN (0, 16));
CREATE INDEX links_moved ON links (source, object) WHERE home IS NOT NULL;

-- Computers that wait for a person, with what their directories say of them.
CREATE TABLE waiting (
    source INTEGER NOT NULL REFERENCES sources,
    object BLOB NOT NULL CHECK (length(object) = 16),
    document TEXT NOT NULL,
    PRIMARY KEY (source, object)
) STRICT;

-- Where the ids of assets lead that were taken away.
CREATE TABLE redirects (
    organization INTEGER NOT NULL REFERENCES organizations,
    id BLOB NOT NULL CHECK (length(id) = 16),
    leads_to BLOB NOT NULL CHECK (length(leads_to) = 16),
    version INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
