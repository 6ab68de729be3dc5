-- A node says with its sign of life whether it hears of changed cases elsewhere (Redis). While all do, no transaction notifies: a
-- commit that notifies holds a lock of the whole database (ADR 0008).
ALTER TABLE node ADD COLUMN hears_elsewhere BOOLEAN NOT NULL DEFAULT FALSE;
