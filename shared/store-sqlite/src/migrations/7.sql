-- The end that the messages of one push have in common, which is the document: once, however many targets it is for.
CREATE TABLE shared_text (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL
);

-- Where the end of a message's body stands; NULL: the body is whole. One that is not whole is stored as a blob, which the
-- program of the version before cannot read as text: its receive fails and changes nothing, and it takes no part for a body.
ALTER TABLE messages ADD COLUMN shared_id INTEGER;
CREATE INDEX messages_by_shared_text ON messages (shared_id) WHERE shared_id IS NOT NULL;

-- The text goes with the last message that ends with it, whoever deletes that: a worker, a person, retention.
CREATE TRIGGER shared_text_goes AFTER DELETE ON messages WHEN old.shared_id IS NOT NULL BEGIN
    DELETE FROM shared_text
    WHERE id = old.shared_id AND NOT EXISTS (SELECT 1 FROM messages WHERE shared_id = old.shared_id);
END;

-- The program of the version before redrives a dead letter by copying the columns that it knows, and then deletes it.
CREATE TRIGGER shared_text_stays AFTER INSERT ON messages WHEN typeof(new.body) = 'blob' AND new.shared_id IS NULL BEGIN
    SELECT RAISE(ABORT, 'the message is of a newer program: use that one');
END;
