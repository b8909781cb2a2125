-- Where objects were last seen, and by whom. Many share one, so links name it by number. A container that is not
-- known and a view without a filter are NULL.
CREATE TABLE sightings (
    number INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources,
    container TEXT,
    account BLOB NOT NULL CHECK (length(account) = 16),
    filter BLOB CHECK (length(filter) = 16)
) STRICT;
CREATE INDEX sightings_by_content ON sightings (source, container, account, filter);

ALTER TABLE links ADD COLUMN seen INTEGER REFERENCES sightings;

-- Each task goes on from where itself ended. The one that a source had is that of no key.
CREATE TABLE checkpoints (
    source INTEGER NOT NULL REFERENCES sources,
    key BLOB NOT NULL CHECK (length(key) = 16),
    document TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
INSERT INTO checkpoints SELECT number, zeroblob(16), checkpoint FROM sources WHERE checkpoint IS NOT NULL;
ALTER TABLE sources DROP COLUMN checkpoint;

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
