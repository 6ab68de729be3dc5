-- A hall that is being moved here from SQLite. One row from its first batch until every row was compared: no gateway opens the schema
-- meanwhile.
CREATE TABLE moving (
    id       BIGINT PRIMARY KEY CHECK (id = 1),
    identity TEXT   NOT NULL, -- tells the hall from every other
    move_id  TEXT   NOT NULL, -- tells the move from another of the same hall
    begun_at BIGINT NOT NULL
);

-- How far each table is, written with the rows themselves.
CREATE TABLE move_progress (
    name     TEXT   NOT NULL PRIMARY KEY,
    last_key TEXT   NOT NULL, -- the last row's key, as JSON
    done     BIGINT NOT NULL
);
