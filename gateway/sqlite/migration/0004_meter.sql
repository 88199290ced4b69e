-- What was counted, by the hour in which the count was committed: queries and
-- transactions in their final state, and inputs that were cleansed or refused.
-- hour is Unix milliseconds, UTC, of the beginning of an hour of Indian
-- Standard Time. Rows are kept for good: they are few, and statements are made
-- of them.
CREATE TABLE meter (
  hour       INTEGER NOT NULL,
  kind       TEXT NOT NULL, -- query, transaction, cleansed, refused
  department TEXT NOT NULL,
  service    TEXT NOT NULL,
  step       TEXT NOT NULL,
  medium     TEXT NOT NULL,
  partner    TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  count      INTEGER NOT NULL,
  PRIMARY KEY (hour, kind, department, service, step, medium, partner, outcome)
) STRICT, WITHOUT ROWID;
