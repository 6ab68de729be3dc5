-- One row that is written anew to see whether writes are taken.
CREATE TABLE store_trial (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
