-- The group that each document was put into last: one that moves leaves the former, whatever crashed in between.
CREATE TABLE group_documents (
    flow TEXT NOT NULL,
    key  TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (flow, key)
) WITHOUT ROWID;

INSERT OR REPLACE INTO group_documents (flow, key, name) SELECT flow, key, name FROM group_members ORDER BY received_at;

-- Groups that are forgotten: the number of the last seal.
CREATE TABLE group_lapsed (
    flow   TEXT NOT NULL,
    name   TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (flow, name)
) WITHOUT ROWID;

-- The documents that wait for a code that nobody knows.
CREATE TABLE waiting (
    lookup TEXT NOT NULL,
    code   TEXT NOT NULL,
    flow   TEXT NOT NULL,
    key    TEXT NOT NULL,
    since  INTEGER NOT NULL,
    PRIMARY KEY (lookup, code, flow, key)
) WITHOUT ROWID;
