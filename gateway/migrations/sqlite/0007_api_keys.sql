-- Credentials of programs. A key's secret is 32 random bytes and stands nowhere: its SHA-256 does.
CREATE TABLE api_key (
    id              TEXT    NOT NULL PRIMARY KEY, -- the public part
    digest          BLOB    NOT NULL,
    role            TEXT    NOT NULL, -- partner, agent, engineer, operator
    organisation_id TEXT    NOT NULL, -- empty: none
    created_at      INTEGER NOT NULL,
    not_before      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    replaced_by     TEXT,
    last_used_at    INTEGER,          -- to the hour
    revision        INTEGER NOT NULL, -- counts changes of all keys: who knows a lower one is behind
    -- Sealed under a master key and bound to id, digest, role and organisation, so that whoever can only write rows makes no key:
    -- whose it is, who made it, why.
    content         BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_revision ON api_key (revision);
