-- Under which numbers a document is found, beside its key.
CREATE TABLE numbers (
    number TEXT NOT NULL,
    flow   TEXT NOT NULL,
    key    TEXT NOT NULL,
    PRIMARY KEY (number, flow, key)
) WITHOUT ROWID;

-- What the ledger knows of documents from before this step: the target's id, and our number there. The others come with
-- the next version of a document.
INSERT OR IGNORE INTO numbers SELECT number, flow, key FROM (
    SELECT json_extract(entry, '$.delivered.target_id') AS number, flow, key FROM ledger WHERE delivered AND json_valid(entry)
    UNION ALL
    SELECT json_extract(entry, '$.delivered.number'), flow, key FROM ledger WHERE delivered AND json_valid(entry)
) WHERE typeof(number) = 'text' AND length(number) BETWEEN 3 AND 64 AND number <> key AND substr(number, 1, 1) <> '@';

-- What people have done.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    action TEXT    NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
