-- Uploads that are not whole yet. What has arrived lies in segments, each a sealed file with a key of its own; an upload that is
-- whole becomes a material under the same id, and its rows here go in the same transaction (ADR 0005).
CREATE TABLE upload (
    id            TEXT    NOT NULL PRIMARY KEY,
    client_digest BLOB    NOT NULL,
    content_type  TEXT    NOT NULL,
    length        INTEGER NOT NULL, -- bytes announced; they count against the client's cap from the beginning
    received      INTEGER NOT NULL, -- bytes in segments that are synced
    touched_at    INTEGER NOT NULL, -- when bytes last arrived
    data_key      BLOB    NOT NULL, -- wrapped by a master key
    facts         BLOB    NOT NULL  -- sealed: file name
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_touched ON upload (touched_at, id);
CREATE INDEX upload_client ON upload (client_digest, length);

CREATE TABLE upload_segment (
    id        TEXT    NOT NULL PRIMARY KEY, -- name of its file
    upload_id TEXT    NOT NULL REFERENCES upload (id),
    start     INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    data_key  BLOB    NOT NULL  -- wrapped by a master key
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX upload_segment_order ON upload_segment (upload_id, start);

-- When a pending material may next be scanned; NULL when there is nothing to scan.
ALTER TABLE material ADD COLUMN scan_due INTEGER;
CREATE INDEX material_scan ON material (scan_due) WHERE scan = 'pending';
-- What an applicant handed in and no partner may have yet: deliveries look here.
CREATE INDEX material_held ON material (case_id) WHERE scan = 'pending' AND seq IS NOT NULL;
