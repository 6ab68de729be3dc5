-- Sealed batches of audit rows: every row waits in audit_unsealed from its own transaction on, becomes a leaf of the open batch, and
-- the batch is closed under a signed root. The audit rows themselves are never touched.

-- Rows that no batch covers. Filled by the trigger, so that no writer can forget it, and emptied by the sealer; never "ids above the
-- last one", because an id may be drawn long before its transaction commits.
CREATE TABLE audit_unsealed (
    audit_id INTEGER PRIMARY KEY
) STRICT;
INSERT INTO audit_unsealed (audit_id) SELECT id FROM audit;
CREATE TRIGGER audit_waits_for_its_seal AFTER INSERT ON audit BEGIN
    INSERT INTO audit_unsealed (audit_id) VALUES (new.id);
END;

-- A leaf outlives its row, as proof that there was one: no reference.
CREATE TABLE audit_leaf (
    batch    INTEGER NOT NULL,
    position INTEGER NOT NULL, -- from 0, without gaps
    audit_id INTEGER NOT NULL,
    hash     BLOB    NOT NULL, -- of the row as it stood when it became a leaf
    PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_leaf_row ON audit_leaf (audit_id);

CREATE TABLE audit_batch (
    number        INTEGER PRIMARY KEY, -- from 1, without gaps
    leaves        INTEGER NOT NULL,
    root          BLOB    NOT NULL,
    previous_root BLOB    NOT NULL,    -- zeroes for the first
    sealed_at     INTEGER NOT NULL,
    statement     TEXT    NOT NULL     -- the signed root, published
) STRICT;

-- One row: the open batch and how many leaves it has. Whoever adds a leaf or closes the batch changes it in the same transaction from
-- what it saw, or does nothing: so any node may seal.
CREATE TABLE audit_sealing (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    batch  INTEGER NOT NULL,
    placed INTEGER NOT NULL
) STRICT;
INSERT INTO audit_sealing (id, batch, placed) VALUES (1, 1, 0);
