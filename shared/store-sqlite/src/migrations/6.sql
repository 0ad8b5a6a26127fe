-- The calls that each account of a vendor has made lately, by how long the machine had run then.
CREATE TABLE quotas (
    name   TEXT PRIMARY KEY,
    boot   TEXT NOT NULL,
    window TEXT NOT NULL
) WITHOUT ROWID;
