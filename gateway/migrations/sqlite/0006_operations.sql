-- One row that is written anew to see whether writes are taken.
CREATE TABLE store_trial (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

-- The newest delivered ones of a system: when it last took something.
CREATE INDEX delivery_delivered ON delivery (system_id, id) WHERE state = 'delivered';

-- Alerts about partners: at most one open for each, so that several nodes raise one.
CREATE TABLE alert (
    id          INTEGER PRIMARY KEY,
    system_id   TEXT    NOT NULL,
    kind        TEXT    NOT NULL, -- oldest, dead, tries
    value       INTEGER NOT NULL, -- what was measured when it was raised: seconds, or a count
    bound       INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (system_id) WHERE resolved_at IS NULL;

CREATE TABLE alert_message (
    id       INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alert (id),
    word     TEXT    NOT NULL, -- opened, resolved
    channel  TEXT    NOT NULL, -- webhook, email
    state    TEXT    NOT NULL, -- waiting, sent, given_up
    due_at   INTEGER NOT NULL, -- next attempt, or end of its lease
    fence    INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX alert_message_due ON alert_message (due_at, id) WHERE state = 'waiting';

-- Days (yymmdd, as numbers hold them) on which numbers may have been given that this database does not know: it was restored from a
-- backup in between. Serials of these days begin so far ahead.
CREATE TABLE number_floor (
    from_day TEXT    NOT NULL,
    to_day   TEXT    NOT NULL,
    ahead    INTEGER NOT NULL
) STRICT;
