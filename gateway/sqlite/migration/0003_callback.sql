-- Citizens who are to be called: at most one unfinished row of each.
-- State 1 waiting, 2 dialling; final: 3 reached, 4 given up, 5 refused,
-- 6 unknown, 7 needless, 8 expired. Reasons are bits: 1 missed, 2 asked,
-- 4 dropped, 8 answer.
CREATE TABLE callback (
  id      INTEGER PRIMARY KEY,
  citizen TEXT NOT NULL,
  reason  INTEGER NOT NULL,
  state   INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  due     INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  dialled INTEGER NOT NULL, -- when it was placed last
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  note    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX callback_open ON callback (citizen) WHERE state < 3;
CREATE INDEX callback_due ON callback (due) WHERE state = 1;
CREATE INDEX callback_dialled ON callback (citizen, dialled) WHERE dialled > 0;

CREATE TRIGGER callback_final BEFORE UPDATE OF state ON callback
WHEN OLD.state >= 3
BEGIN
  SELECT RAISE(FAIL, 'callback: final states never change');
END;

-- Answers that are to be heard, and the messages that they become otherwise.
CREATE TABLE unheard (
  id      INTEGER PRIMARY KEY,
  citizen TEXT NOT NULL,
  key     TEXT NOT NULL,
  body    BLOB NOT NULL,
  created INTEGER NOT NULL,
  UNIQUE (citizen, key)
) STRICT;

-- How many calls were placed on a day (20261122), to a citizen and, under no
-- name, in all.
CREATE TABLE callback_count (
  day     INTEGER NOT NULL,
  citizen TEXT NOT NULL,
  calls   INTEGER NOT NULL,
  PRIMARY KEY (day, citizen)
) STRICT, WITHOUT ROWID;
