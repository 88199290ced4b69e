CREATE TRIGGER callback_final BEFORE UPDATE OF state ON callback
WHEN OLD.state >= 3
BEGIN
  SELECT RAISE(FAIL, 'callback: final states never change');
END;

CREATE TRIGGER outbox_final BEFORE UPDATE OF state ON outbox
WHEN OLD.state >= 6 AND NEW.state <> OLD.state
  AND NOT (OLD.state = 6 AND NEW.state IN (7, 9, 10))
BEGIN
  SELECT RAISE(FAIL, 'outbox: final states never change');
END;

CREATE TRIGGER receipt_final BEFORE UPDATE ON receipt
WHEN OLD.state >= 6
BEGIN
  SELECT RAISE(ABORT, 'receipt: final states never change');
END;

CREATE TABLE allowance (
  name  TEXT PRIMARY KEY,
  used  INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoint (
  size   INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  note   TEXT NOT NULL, -- signed
  anchor TEXT NOT NULL  -- receipt of its transaction; empty: none
) STRICT;

CREATE TABLE audit_leaf (
  first  INTEGER PRIMARY KEY, -- number of the first of them, from 0
  count  INTEGER NOT NULL,
  leaves BLOB NOT NULL
) STRICT;

CREATE TABLE audit_seen (
  subject TEXT PRIMARY KEY,
  value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_tile (
  id     INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT;

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

CREATE TABLE callback_count (
  day     INTEGER NOT NULL,
  citizen TEXT NOT NULL,
  calls   INTEGER NOT NULL,
  PRIMARY KEY (day, citizen)
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  citizen TEXT NOT NULL,
  class   TEXT NOT NULL,
  service TEXT NOT NULL,
  text    TEXT NOT NULL,
  result  TEXT NOT NULL, -- JSON, or empty
  at      INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
  id      TEXT PRIMARY KEY,
  citizen TEXT NOT NULL,
  key     BLOB NOT NULL,
  name    TEXT NOT NULL,
  added   INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE early_receipt (
  message_id TEXT NOT NULL,
  link       TEXT NOT NULL,
  grp        INTEGER NOT NULL,
  state      INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (message_id, link)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
  chain   TEXT NOT NULL,
  block   INTEGER NOT NULL,
  entry   INTEGER NOT NULL,
  tx      TEXT NOT NULL,
  receipt TEXT NOT NULL,
  key     TEXT NOT NULL, -- that signed it
  state   INTEGER NOT NULL, -- of the receipt, 0 if there is none
  at      INTEGER NOT NULL,
  PRIMARY KEY (chain, block, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE followed (
  chain TEXT PRIMARY KEY,
  next  INTEGER NOT NULL, -- the first block that was not
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fragment (
  link   TEXT NOT NULL,
  sender TEXT NOT NULL,
  dest   TEXT NOT NULL,
  ref    INTEGER NOT NULL, -- plus 65536 for a 16-bit reference
  total  INTEGER NOT NULL,
  grp    INTEGER NOT NULL, -- tells apart messages with the same reference
  seq    INTEGER NOT NULL,
  digest INTEGER NOT NULL, -- of raw
  raw    BLOB NOT NULL,
  key    TEXT NOT NULL,
  bind   TEXT NOT NULL,
  medium TEXT NOT NULL,
  at     INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  epoch  INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  PRIMARY KEY (link, sender, dest, ref, total, grp, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
  id     INTEGER PRIMARY KEY,
  hash   INTEGER NOT NULL,
  link   TEXT NOT NULL,
  key    TEXT NOT NULL,
  bind   TEXT NOT NULL,
  medium TEXT NOT NULL,
  event  INTEGER NOT NULL,
  sender TEXT NOT NULL,
  dest   TEXT NOT NULL,
  text   TEXT NOT NULL,
  at     INTEGER NOT NULL,
  flags  INTEGER NOT NULL, -- 1 incomplete, 2 undecodable
  stored INTEGER NOT NULL,
  turned INTEGER NOT NULL
, salt BLOB) STRICT;

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

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE nonce (
  nonce TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE otp (
  citizen TEXT PRIMARY KEY,
  mac     TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY,
  kind       INTEGER NOT NULL,
  lane       TEXT NOT NULL,
  head       INTEGER NOT NULL,
  state      INTEGER NOT NULL,
  token      INTEGER NOT NULL, -- of the latest lease
  due        INTEGER NOT NULL,
  next       INTEGER NOT NULL, -- when it may be claimed
  expires    INTEGER NOT NULL,
  unless     TEXT, -- receipt that makes it needless
  receipt    TEXT, -- of a transaction
  link       TEXT NOT NULL, -- of a message
  payload    BLOB NOT NULL,
  saved      BLOB, -- a transaction's final bytes
  attempts   INTEGER NOT NULL DEFAULT 0,
  reason     TEXT NOT NULL DEFAULT '',
  created    INTEGER NOT NULL,
  updated    INTEGER NOT NULL,
  message_id TEXT, -- the operator's
  code       TEXT NOT NULL DEFAULT '',
  block      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE proof (
  receipt TEXT PRIMARY KEY,
  salt    TEXT NOT NULL,
  opening TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
  receipt TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  state   INTEGER NOT NULL,
  code    TEXT NOT NULL DEFAULT '',
  block   INTEGER NOT NULL DEFAULT 0,
  at      INTEGER NOT NULL
, tx TEXT NOT NULL DEFAULT '', leaf INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE request (
  digest  TEXT PRIMARY KEY,
  receipt TEXT NOT NULL, -- of the latest
  until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  citizen TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  body    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE undo (
  receipt TEXT PRIMARY KEY,
  by      TEXT NOT NULL -- receipt of the one that does
) STRICT, WITHOUT ROWID;

CREATE TABLE unheard (
  id      INTEGER PRIMARY KEY,
  citizen TEXT NOT NULL,
  key     TEXT NOT NULL,
  body    BLOB NOT NULL,
  created INTEGER NOT NULL,
  UNIQUE (citizen, key)
) STRICT;

CREATE INDEX allowance_until ON allowance (until);

CREATE INDEX audit_anchored ON audit_checkpoint (size) WHERE anchor <> '';

CREATE INDEX callback_dialled ON callback (citizen, dialled) WHERE dialled > 0;

CREATE INDEX callback_due ON callback (due) WHERE state = 1;

CREATE UNIQUE INDEX callback_open ON callback (citizen) WHERE state < 3;

CREATE INDEX change_at ON change (at);

CREATE INDEX change_citizen ON change (citizen, id);

CREATE INDEX device_citizen ON device (citizen) WHERE removed = 0;

CREATE INDEX early_receipt_grp ON early_receipt (grp);

CREATE INDEX fragment_waiting ON fragment (stored) WHERE joined = 0;

CREATE INDEX inbox_hash ON inbox (hash) WHERE bind = '';

CREATE INDEX kept_at ON kept (at);

CREATE INDEX nonce_until ON nonce (until);

CREATE INDEX outbox_lane ON outbox (lane) WHERE head < 2;

CREATE INDEX outbox_message ON outbox (message_id, link) WHERE message_id IS NOT NULL;

CREATE INDEX outbox_ready ON outbox (kind, link, next) WHERE head = 1;

CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL AND head < 2;

CREATE INDEX outbox_transaction ON outbox (receipt) WHERE receipt IS NOT NULL;

CREATE INDEX outbox_unless ON outbox (unless) WHERE unless IS NOT NULL AND head < 2;

