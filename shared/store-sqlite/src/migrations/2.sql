-- What `relay status` asks is answered without reading the ledger or the queue through.

CREATE TABLE ledger_counts (
    flow      TEXT    PRIMARY KEY,
    delivered INTEGER NOT NULL,
    failed    INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ledger_counts SELECT flow, sum(delivered), count(failed_at) FROM ledger GROUP BY flow;

CREATE TRIGGER ledger_counts_insert AFTER INSERT ON ledger BEGIN
    INSERT INTO ledger_counts (flow, delivered, failed) VALUES (new.flow, new.delivered, new.failed_at IS NOT NULL)
    ON CONFLICT (flow) DO UPDATE SET delivered = delivered + excluded.delivered, failed = failed + excluded.failed;
END;
CREATE TRIGGER ledger_counts_update AFTER UPDATE OF delivered, failed_at ON ledger
WHEN old.delivered <> new.delivered OR (old.failed_at IS NULL) <> (new.failed_at IS NULL) BEGIN
    UPDATE ledger_counts SET
        delivered = delivered + new.delivered - old.delivered,
        failed = failed + (new.failed_at IS NOT NULL) - (old.failed_at IS NOT NULL)
    WHERE flow = new.flow;
END;
CREATE TRIGGER ledger_counts_delete AFTER DELETE ON ledger BEGIN
    UPDATE ledger_counts SET delivered = delivered - old.delivered, failed = failed - (old.failed_at IS NOT NULL)
    WHERE flow = old.flow;
END;

CREATE INDEX ledger_failed_by_flow ON ledger (flow, failed_at, key) WHERE failed_at IS NOT NULL;

-- Only messages that were received stand in these: a send writes to one index less than before.
CREATE INDEX messages_in_flight ON messages (queue, visible_at) WHERE dead = 0 AND receive_count > 0;
CREATE INDEX messages_in_flight_by_group ON messages (queue, group_id, visible_at) WHERE dead = 0 AND receive_count > 0;
DROP INDEX messages_by_group;
