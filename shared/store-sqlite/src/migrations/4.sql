-- What came, what was sent and what was answered: one row for what one batch has to say of one document.
CREATE TABLE archive (
    id      INTEGER PRIMARY KEY,
    flow    TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    records BLOB    NOT NULL
);
CREATE INDEX archive_by_document ON archive (flow, key, at);
CREATE INDEX archive_by_age ON archive (at);
