-- Instants are microseconds UTC. "sealed" columns hold what store/sealed writes; "digest" columns hold keyed digests (HMAC-SHA256).
-- A test lists every TEXT and BLOB column as sealed, digest, or public with its reason.

CREATE TABLE application (
    id             INTEGER PRIMARY KEY,
    uid            BLOB    NOT NULL, -- id of its first case: binds what is sealed here to this row
    application_no TEXT    NOT NULL UNIQUE,
    data_key       BLOB,             -- wrapped by a master key; NULL = destroyed
    owner_digest   BLOB,
    agent_digest   BLOB,
    parties        BLOB    NOT NULL, -- sealed: subjects and the digest of the body
    channel        TEXT    NOT NULL,
    submitted_at   INTEGER NOT NULL,
    partner_system TEXT,
    partner_no     TEXT
) STRICT;
CREATE UNIQUE INDEX application_partner_origin ON application (partner_system, partner_no) WHERE partner_no IS NOT NULL;

CREATE TABLE idempotency (
    key_digest     BLOB    NOT NULL PRIMARY KEY, -- of caller and key
    application_id INTEGER NOT NULL REFERENCES application (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_record (
    id                 INTEGER PRIMARY KEY,
    case_id            BLOB    NOT NULL UNIQUE,
    application_id     INTEGER NOT NULL REFERENCES application (id),
    case_no            TEXT    NOT NULL UNIQUE,
    short_no           TEXT,
    partner_no         TEXT,
    organisation_id    TEXT    NOT NULL,
    system_id          TEXT,
    definition_version INTEGER NOT NULL DEFAULT 0,
    data_key           BLOB,             -- wrapped by a master key; NULL = destroyed
    identity_digest    BLOB,
    phone_digest       BLOB,
    submission         BLOB    NOT NULL, -- sealed
    folded             BLOB    NOT NULL, -- sealed
    state              TEXT    NOT NULL,
    decision           TEXT,
    rev                INTEGER NOT NULL,
    last_seq           INTEGER NOT NULL,
    poll_at            INTEGER
) STRICT;
CREATE INDEX case_application ON case_record (application_id);
CREATE INDEX case_identity ON case_record (identity_digest, id) WHERE identity_digest IS NOT NULL;
CREATE UNIQUE INDEX case_short ON case_record (system_id, short_no) WHERE short_no IS NOT NULL;
CREATE INDEX case_poll ON case_record (poll_at) WHERE poll_at IS NOT NULL;
CREATE INDEX case_state ON case_record (state);

CREATE TABLE case_event (
    case_id     INTEGER NOT NULL REFERENCES case_record (id),
    seq         INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    system_id   TEXT,
    received_at INTEGER NOT NULL,
    supersedes  INTEGER,
    event       BLOB    NOT NULL, -- sealed
    PRIMARY KEY (case_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_clock (
    case_id INTEGER NOT NULL REFERENCES case_record (id),
    kind    TEXT    NOT NULL,
    due_at  INTEGER NOT NULL,
    PRIMARY KEY (case_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX clock_due ON case_clock (due_at, case_id, kind);

-- A serial is drawn inside the commit; the writer is one, so there is no gap and no race.
CREATE TABLE number_serial (
    stem TEXT    NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE short_serial (
    system_id TEXT    NOT NULL PRIMARY KEY,
    last      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages of partners by their key. One key is applied or held once; what was rejected is kept once per content.
CREATE TABLE feedback (
    id             INTEGER PRIMARY KEY,
    key_digest     BLOB    NOT NULL, -- of system, case number, kind, serial, data version
    content_digest BLOB    NOT NULL, -- of the digest of the content
    system_id      TEXT    NOT NULL,
    case_id        INTEGER REFERENCES case_record (id), -- NULL: the case is not known
    kind           TEXT    NOT NULL,
    data_version   INTEGER NOT NULL,
    state          TEXT    NOT NULL, -- applied, held, rejected
    reason_code    TEXT    NOT NULL,
    received_at    INTEGER NOT NULL,
    occurred_at    INTEGER NOT NULL,
    held_until     INTEGER,
    content        BLOB    NOT NULL  -- sealed: case number, serial, digest, event
) STRICT;
CREATE UNIQUE INDEX feedback_content ON feedback (key_digest, content_digest);
CREATE UNIQUE INDEX feedback_key ON feedback (key_digest) WHERE state <> 'rejected';
CREATE INDEX feedback_held ON feedback (held_until, case_id) WHERE state = 'held';
CREATE INDEX feedback_held_case ON feedback (case_id, occurred_at, id) WHERE state = 'held';
CREATE INDEX feedback_rejected ON feedback (id) WHERE state = 'rejected';
CREATE INDEX feedback_rejected_system ON feedback (system_id, id) WHERE state = 'rejected';

-- turn = 1: the first unfinished delivery of its case and system; only this one may be leased.
-- due_at: when it may next be leased: next attempt, or end of its lease; NULL when dead or finished.
CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY,
    case_id    INTEGER NOT NULL REFERENCES case_record (id),
    system_id  TEXT    NOT NULL,
    operation  TEXT    NOT NULL,
    state      TEXT    NOT NULL, -- pending, sending, unknown, delivered, dead, discarded; held is a look at the paused systems
    turn       INTEGER NOT NULL,
    due_at     INTEGER,
    fence      INTEGER NOT NULL DEFAULT 0,
    worker     TEXT    NOT NULL DEFAULT '',
    ask_first  INTEGER NOT NULL DEFAULT 0,
    begun      INTEGER NOT NULL DEFAULT 0, -- a step was begun whose end is not journalled
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_code  TEXT    NOT NULL DEFAULT '',
    last_words BLOB,             -- sealed
    journal    BLOB,             -- sealed
    message    BLOB              -- sealed
) STRICT;
CREATE INDEX delivery_due ON delivery (system_id, due_at, id) WHERE turn = 1 AND due_at IS NOT NULL;
CREATE INDEX delivery_order ON delivery (case_id, system_id, id) WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX delivery_open ON delivery (system_id, state, created_at) WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX delivery_case ON delivery (case_id, id);

CREATE TABLE delivery_attempt (
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    ordinal     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    step        TEXT    NOT NULL,
    took_us     INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    exchange    BLOB    NOT NULL, -- sealed: words, bytes sent, bytes received
    PRIMARY KEY (delivery_id, ordinal)
) STRICT;

CREATE TABLE paused_system (
    system_id TEXT    NOT NULL PRIMARY KEY,
    paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE material (
    id            TEXT    NOT NULL PRIMARY KEY,
    client_digest BLOB    NOT NULL,
    content_type  TEXT    NOT NULL,
    size          INTEGER NOT NULL,
    scan          TEXT    NOT NULL,
    case_id       INTEGER REFERENCES case_record (id), -- NULL = unbound
    seq           INTEGER,
    created_at    INTEGER NOT NULL,
    data_key      BLOB    NOT NULL, -- wrapped by a master key while unbound, by the case's key afterwards
    facts         BLOB    NOT NULL  -- sealed: file name and digests of the bytes
) STRICT, WITHOUT ROWID;
CREATE INDEX material_case ON material (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX material_unbound ON material (created_at, id) WHERE case_id IS NULL;
CREATE INDEX material_client ON material (client_digest, size) WHERE case_id IS NULL;

CREATE TABLE document (
    id             TEXT    NOT NULL PRIMARY KEY REFERENCES material (id),
    case_id        INTEGER NOT NULL REFERENCES case_record (id),
    system_id      TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    content_digest BLOB    UNIQUE,   -- of case, kind, number and bytes; NULL after erasure
    facts          BLOB    NOT NULL  -- sealed: name, number, issuer, validity
) STRICT, WITHOUT ROWID;
CREATE INDEX document_case ON document (case_id);

CREATE TABLE item_version (
    item_id TEXT    NOT NULL,
    version INTEGER NOT NULL,
    json    TEXT    NOT NULL,
    PRIMARY KEY (item_id, version)
) STRICT;

CREATE TABLE system_version (
    system_id TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    state     TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    PRIMARY KEY (system_id, version)
) STRICT;

CREATE TABLE registry_document (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE installation_secret (
    name   TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL -- sealed under a master key
) STRICT, WITHOUT ROWID;

-- In their final format; the sealer hashes rows as they stand here, so that erasing a case leaves every hash true.
CREATE TABLE audit (
    id              INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    actor_kind      TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    target          TEXT    NOT NULL,
    organisation_id TEXT    NOT NULL,
    request_id      TEXT    NOT NULL,
    outcome         TEXT    NOT NULL,
    application_id  INTEGER REFERENCES application (id), -- whose key sealed the content; NULL = a master key
    system_id       TEXT,
    content         BLOB    NOT NULL -- sealed: actor, digest, note
) STRICT;
CREATE INDEX audit_application ON audit (application_id, id) WHERE application_id IS NOT NULL;
