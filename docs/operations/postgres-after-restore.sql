-- Run once on a hall's database that was restored from a base backup and its archived log, before a node starts on it:
--
--     psql "$TONGBAN_DATABASE_URL" --single-transaction -v ON_ERROR_STOP=1 -f postgres-after-restore.sql
--
-- (where the tables do not lie in `public`, with PGOPTIONS="-c search_path=…"). It does what `tongban restore` does on SQLite: what came
-- after the last archived segment is not known here, so numbers that may be given already are left out, and whatever is open is asked
-- about before it is sent again.

-- Days from the newest application to today, with one day more on either side: clocks differ.
CREATE TEMPORARY TABLE unknown_days ON COMMIT DROP AS
SELECT to_char(coalesce(to_timestamp(max(submitted_at) / 1000000), now()) AT TIME ZONE 'Asia/Shanghai' - INTERVAL '1 day', 'YYMMDD') AS from_day,
    to_char(now() AT TIME ZONE 'Asia/Shanghai' + INTERVAL '1 day', 'YYMMDD') AS to_day
FROM application;

INSERT INTO number_floor (from_day, to_day, ahead) SELECT from_day, to_day, 5000 FROM unknown_days;

UPDATE number_serial SET last = last + 5000 FROM unknown_days
WHERE substr(stem, length(stem) - 5) BETWEEN from_day AND to_day;

UPDATE short_serial SET last = last + 1000000;

UPDATE delivery SET ask_first = 1, state = CASE WHEN state = 'pending' THEN 'unknown' ELSE state END
WHERE state IN ('pending', 'sending', 'unknown', 'dead');
