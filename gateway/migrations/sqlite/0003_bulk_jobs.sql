-- Bulk work on deliveries: a job with its members in the order in which they are released; it goes on after a restart.

-- So that deliveries are found by the item that was applied for. NULL: not filled in yet; the store does so when it opens.
ALTER TABLE case_record ADD COLUMN item_code TEXT;
CREATE INDEX case_without_item_code ON case_record (id) WHERE item_code IS NULL;

CREATE TABLE bulk_job (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL, -- retry, discard
    state       TEXT    NOT NULL, -- running, stopping, stopped, finished
    why         TEXT    NOT NULL, -- stable code of why it stops; empty while nothing stops it
    interval_us INTEGER NOT NULL, -- between two releases, at least
    waived      INTEGER NOT NULL, -- an operator said that it goes on, whatever became of the first
    system_id   TEXT,             -- the one system that all members belong to
    created_at  INTEGER NOT NULL,
    resumed_at  INTEGER NOT NULL, -- outcomes in a row are counted from here
    ended_at    INTEGER,
    content     BLOB    NOT NULL  -- sealed: what was asked for, reason, who
) STRICT;
CREATE INDEX bulk_job_open ON bulk_job (id) WHERE state IN ('running', 'stopping');

CREATE TABLE bulk_member (
    job_id      INTEGER NOT NULL REFERENCES bulk_job (id),
    ordinal     INTEGER NOT NULL,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    state       TEXT    NOT NULL, -- waiting, released, trying; at last delivered, dead, again, discarded, gone, kept
    fence       INTEGER NOT NULL DEFAULT 0, -- of the delivery when it was released: unchanged means that no worker has had it
    released_at INTEGER,
    PRIMARY KEY (job_id, ordinal)
) STRICT, WITHOUT ROWID;
-- No delivery is in two jobs at once.
CREATE UNIQUE INDEX bulk_member_open ON bulk_member (delivery_id) WHERE state IN ('waiting', 'released', 'trying');
CREATE INDEX bulk_member_state ON bulk_member (job_id, state, ordinal);
