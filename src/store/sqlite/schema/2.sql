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
