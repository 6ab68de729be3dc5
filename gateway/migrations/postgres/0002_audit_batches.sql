-- As migrations/sqlite 0005. The trigger is one a statement: a group of applications is one insert.
CREATE TABLE audit_unsealed (
    audit_id BIGINT PRIMARY KEY
);
INSERT INTO audit_unsealed (audit_id) SELECT id FROM audit;
CREATE FUNCTION audit_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (audit_id) SELECT id FROM fresh;
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_waits_for_its_seal AFTER INSERT ON audit REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION audit_waits();

CREATE TABLE audit_leaf (
    batch    BIGINT NOT NULL,
    position BIGINT NOT NULL,
    audit_id BIGINT NOT NULL,
    hash     BYTEA  NOT NULL,
    PRIMARY KEY (batch, position)
);
CREATE INDEX audit_leaf_row ON audit_leaf (audit_id);

CREATE TABLE audit_batch (
    number        BIGINT PRIMARY KEY,
    leaves        BIGINT NOT NULL,
    root          BYTEA  NOT NULL,
    previous_root BYTEA  NOT NULL,
    sealed_at     BIGINT NOT NULL,
    statement     TEXT   NOT NULL
);

CREATE TABLE audit_sealing (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    batch  BIGINT NOT NULL,
    placed BIGINT NOT NULL
);
INSERT INTO audit_sealing (id, batch, placed) VALUES (1, 1, 0);
