-- urgent_at: when the first clock of its case ends, the largest number there is without one; a partner that comes back gets the most
-- urgent first. The index of what is open is in that order; it also counts what is under way.
ALTER TABLE delivery ADD COLUMN urgent_at INTEGER NOT NULL DEFAULT 9223372036854775807;
UPDATE delivery SET urgent_at = coalesce((SELECT min(k.due_at) FROM case_clock k WHERE k.case_id = delivery.case_id), 9223372036854775807)
    WHERE state NOT IN ('delivered', 'discarded');
DROP INDEX delivery_open;
CREATE INDEX delivery_open ON delivery (system_id, state, urgent_at, created_at, id) WHERE state NOT IN ('delivered', 'discarded');

-- Until when the calls of all nodes have used up the pace of a partner that declares one, in microseconds.
CREATE TABLE partner_pace (
    system_id  TEXT    NOT NULL PRIMARY KEY,
    used_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
