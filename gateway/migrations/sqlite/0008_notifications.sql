-- Notifications are references to events: whom they go to and what they say is read from the case when they are sent, so they hold no
-- personal data and an erased case leaves none behind.

-- Who wants to hear of events by signed webhook: a subject (its applications), or the bearer of one application.
CREATE TABLE subscription (
    id             TEXT    NOT NULL PRIMARY KEY,
    application_id INTEGER REFERENCES application (id),
    owner_digest   BLOB,
    kinds          TEXT    NOT NULL, -- types of events between commas; empty = every one
    state          TEXT    NOT NULL, -- active, paused
    created_at     INTEGER NOT NULL,
    failing_since  INTEGER,
    last_at        INTEGER,          -- of the last attempt
    last_code      TEXT    NOT NULL DEFAULT '',
    content        BLOB    NOT NULL  -- sealed under a master key: address and secrets
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_owner ON subscription (owner_digest) WHERE owner_digest IS NOT NULL;
CREATE INDEX subscription_application ON subscription (application_id) WHERE application_id IS NOT NULL;

-- lane: sms, email, or s/ and the id of a subscription; what waits in one lane for one case goes in order.
-- due_at: when it may next be leased: next attempt, end of the quiet time, or end of its lease.
CREATE TABLE notification (
    id              INTEGER PRIMARY KEY,
    case_id         INTEGER REFERENCES case_record (id), -- NULL: a trial of a subscription
    seq             INTEGER NOT NULL,                    -- of the event; 0 in a trial
    kind            TEXT    NOT NULL,
    channel         TEXT    NOT NULL, -- sms, email, webhook
    lane            TEXT    NOT NULL,
    subscription_id TEXT,
    state           TEXT    NOT NULL, -- waiting, sent, dead, merged, dropped
    urgent          INTEGER NOT NULL,
    merges          INTEGER NOT NULL, -- a later one says as much
    deadline        INTEGER,
    due_at          INTEGER NOT NULL,
    fence           INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    settled_at      INTEGER,
    last_code       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX notification_due ON notification (lane, due_at, id) WHERE state = 'waiting';
CREATE INDEX notification_order ON notification (case_id, lane, id) WHERE state = 'waiting';
CREATE INDEX notification_state ON notification (state, id);
CREATE INDEX notification_case ON notification (case_id, id) WHERE case_id IS NOT NULL;

-- What the applicant wants to hear, where it is not everything in Chinese.
CREATE TABLE notification_choice (
    application_id INTEGER NOT NULL PRIMARY KEY REFERENCES application (id),
    language       TEXT    NOT NULL, -- zh, en
    sms            INTEGER NOT NULL,
    email          INTEGER NOT NULL
) STRICT;
