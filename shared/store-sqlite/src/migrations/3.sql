-- What finds that which is kept no longer.

CREATE INDEX lookups_by_expiry ON lookups (expires_at) WHERE expires_at IS NOT NULL;

-- `visible_at` of a dead letter is when it died; in files from before this step, when it was last in flight.
CREATE INDEX messages_by_death ON messages (visible_at) WHERE dead = 1;

-- How far the ledger has been looked through: one row. A walk needs no index, which each delivery would have to write to,
-- and no column, which this step would have to fill in for each entry of an old file.
CREATE TABLE ledger_walk (
    began_at      INTEGER NOT NULL,
    -- When the walk before it began. What is kept for days goes by this time and not by the clock: a clock that is set
    -- years ahead and corrected within a day makes nothing be forgotten.
    believed_time INTEGER,
    -- The last entry that was looked at; NULL where the walk is over.
    flow          TEXT,
    key           TEXT
);
