-- What each document brings into its group.
CREATE TABLE group_members (
    flow         TEXT NOT NULL,
    name         TEXT NOT NULL,
    key          TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    contribution TEXT NOT NULL,
    PRIMARY KEY (flow, name, key)
) WITHOUT ROWID;

-- Groups with something that no seal may hold. `came` counts what has come since the group was opened.
CREATE TABLE group_open (
    flow  TEXT NOT NULL,
    name  TEXT NOT NULL,
    since INTEGER NOT NULL,
    came  INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    PRIMARY KEY (flow, name)
) WITHOUT ROWID;

-- What was written down of a group at each closing.
CREATE TABLE group_seals (
    flow   TEXT NOT NULL,
    name   TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    seal   TEXT NOT NULL,
    PRIMARY KEY (flow, name, number)
) WITHOUT ROWID;

CREATE INDEX group_seals_by_time ON group_seals (flow, at) WHERE number = 1;
