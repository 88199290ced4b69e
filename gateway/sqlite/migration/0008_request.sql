-- Transactions that were asked for, so that the same one is known when it is
-- asked for again. The digest is keyed: it says nothing of citizen and call.
CREATE TABLE request (
  digest  TEXT PRIMARY KEY,
  receipt TEXT NOT NULL, -- of the latest
  until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which transaction takes another one back.
CREATE TABLE undo (
  receipt TEXT PRIMARY KEY,
  by      TEXT NOT NULL -- receipt of the one that does
) STRICT, WITHOUT ROWID;
