PRAGMA application_id = 0x45525052;

CREATE TABLE IF NOT EXISTS messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    queue         TEXT    NOT NULL,
    group_id      TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    sent_at       INTEGER NOT NULL,
    visible_at    INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    dead          INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_in_order ON messages (queue, dead, id, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, dead, group_id, visible_at);

CREATE TABLE IF NOT EXISTS deduplication (
    queue      TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deduplication_by_expiry ON deduplication (expires_at);

CREATE TABLE IF NOT EXISTS checkpoints (
    name     TEXT    PRIMARY KEY,
    value    TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    fence    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leases (
    name  TEXT    PRIMARY KEY,
    owner TEXT    NOT NULL,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger (
    flow      TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    entry     TEXT    NOT NULL,
    delivered INTEGER NOT NULL,
    failed_at INTEGER,
    revision  INTEGER NOT NULL,
    PRIMARY KEY (flow, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_failed ON ledger (failed_at, flow, key) WHERE failed_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS lookups (
    lookup     TEXT NOT NULL,
    code       TEXT NOT NULL,
    id         TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (lookup, code)
) WITHOUT ROWID;
