-- Recomputations of open clocks after a change of the calendar; the newest counts. Each holds the calendar that it aims at, so that the
-- next one knows which days changed.
CREATE TABLE recomputation (
    id          INTEGER PRIMARY KEY,
    predecessor INTEGER NOT NULL UNIQUE, -- the one before, 0 for the first: of two nodes that begin the next, one does
    calendar    TEXT    NOT NULL,        -- version
    days        TEXT    NOT NULL,        -- the calendar, as JSON
    notices     TEXT    NOT NULL,        -- what changed it: titles, as a JSON list
    due_from    INTEGER NOT NULL,        -- clocks that are due up to here see none of the changed days
    overdue     INTEGER NOT NULL,        -- the changed days are past: open cases without a clock to come are looked at too
    state       TEXT    NOT NULL,        -- running, finished, superseded
    last_case   INTEGER NOT NULL,        -- row of the last case that was looked at
    total       INTEGER NOT NULL,        -- cases to be looked at, counted when it began
    looked_at   INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
