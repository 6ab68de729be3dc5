-- As migrations/sqlite 0007: credentials of programs.
CREATE TABLE api_key (
    id              TEXT    NOT NULL PRIMARY KEY, -- the public part
    digest          BYTEA   NOT NULL,
    role            TEXT    NOT NULL, -- partner, agent, engineer, operator
    organisation_id TEXT    NOT NULL, -- empty: none
    created_at      BIGINT NOT NULL,
    not_before      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT,
    replaced_by     TEXT,
    last_used_at    BIGINT,          -- to the hour
    revision        BIGINT NOT NULL, -- counts changes of all keys: who knows a lower one is behind
    -- Sealed under a master key and bound to id, digest, role and organisation, so that whoever can only write rows makes no key:
    -- whose it is, who made it, why.
    content         BYTEA   NOT NULL
);
CREATE INDEX api_key_revision ON api_key (revision);
