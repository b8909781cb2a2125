-- The documents of assets are packed: see packed.rs, where the function is. They are three quarters of a file as JSON.
CREATE TABLE packed_documents (
    asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
    document BLOB NOT NULL
) STRICT;
INSERT INTO packed_documents SELECT asset, packed_document(document) FROM asset_documents;
DROP TABLE asset_documents;
ALTER TABLE packed_documents RENAME TO asset_documents;
