-- The app: phones that sign, one-time passwords, answers that are kept for
-- repeated requests, and what citizens are told apart from any request. Times are
-- Unix milliseconds, UTC.

-- id is the thumbprint of the key. Removed devices stay, so that what they signed
-- can be told from what nobody did.
CREATE TABLE device (
  id      TEXT PRIMARY KEY,
  citizen TEXT NOT NULL,
  key     BLOB NOT NULL,
  name    TEXT NOT NULL,
  added   INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX device_citizen ON device (citizen) WHERE removed = 0;

-- The latest one-time password of a number: a keyed digest.
CREATE TABLE otp (
  citizen TEXT PRIMARY KEY,
  mac     TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How often something was done since it was first done.
CREATE TABLE allowance (
  name  TEXT PRIMARY KEY,
  used  INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX allowance_until ON allowance (until);

-- Nonces of requests that a restart would let in again.
CREATE TABLE nonce (
  nonce TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_until ON nonce (until);

CREATE TABLE kept (
  citizen  TEXT NOT NULL,
  key      TEXT NOT NULL,
  digest   BLOB NOT NULL,
  status   INTEGER NOT NULL,
  location TEXT NOT NULL,
  body     BLOB NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (citizen, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_at ON kept (at);

-- AUTOINCREMENT, since an id is a cursor that apps keep.
CREATE TABLE change (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  citizen TEXT NOT NULL,
  class   TEXT NOT NULL,
  service TEXT NOT NULL,
  text    TEXT NOT NULL,
  result  TEXT NOT NULL, -- JSON, or empty
  at      INTEGER NOT NULL
) STRICT;
CREATE INDEX change_citizen ON change (citizen, id);
CREATE INDEX change_at ON change (at);

-- What is behind the hash of a phone's signature in an envelope.
CREATE TABLE proof (
  receipt TEXT PRIMARY KEY,
  salt    TEXT NOT NULL,
  opening TEXT NOT NULL
) STRICT, WITHOUT ROWID;
