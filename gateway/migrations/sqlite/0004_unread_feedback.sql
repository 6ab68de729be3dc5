-- Messages of partners that could not be understood: one row for the same complaint about the same case, with the first bytes.
CREATE TABLE unread_feedback (
    id             INTEGER PRIMARY KEY,
    complaint      BLOB    NOT NULL, -- digest of system, case number, way and reason
    system_id      TEXT    NOT NULL,
    case_id        INTEGER REFERENCES case_record (id), -- NULL: it names none, or one that is not known
    way            TEXT    NOT NULL, -- callback, poll
    code           TEXT    NOT NULL,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    times          INTEGER NOT NULL,
    content        BLOB    NOT NULL  -- sealed: case number, reason, bytes
) STRICT;
CREATE UNIQUE INDEX unread_feedback_complaint ON unread_feedback (complaint);
CREATE INDEX unread_feedback_system ON unread_feedback (system_id, id);

-- Whether poll_at is the end of a lease and not a turn: a gateway that died in between gives it back when it starts.
ALTER TABLE case_record ADD COLUMN poll_leased INTEGER NOT NULL DEFAULT 0;
CREATE INDEX case_poll_leased ON case_record (id) WHERE poll_leased = 1;
