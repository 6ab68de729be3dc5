-- One row that is written anew to see whether writes are taken.
CREATE TABLE store_trial (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

-- The newest delivered ones of a system: when it last took something.
CREATE INDEX delivery_delivered ON delivery (system_id, id) WHERE state = 'delivered';
