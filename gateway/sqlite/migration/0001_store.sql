-- Times are Unix milliseconds, UTC; 0 is none. Kinds and states are the
-- numbers of the gateway package, which a test holds in place:
-- kind 1 message, 2 transaction, 3 question; state 1 queued, 2 endorsed,
-- 3 submitted, 4 unknown, 5 parked, 6 sent, 7 delivered, 8 recorded,
-- 9 rejected, 10 expired, 11 superseded, 12 withdrawn, 13 dead.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('epoch', 0), ('leased_from', 0), ('waiting_from', 0);

-- What is remembered of a citizen: preferences and the dialogue under way.
CREATE TABLE session (
  citizen TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  body    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every message that was acknowledged. Those that may wait for their turn have
-- ids from meta.waiting_from on. hash is of link and
-- key. A key that comes without a bind is the provider's own, and indexed; other
-- messages are known to the writer as long as they may come again.
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
) STRICT;
CREATE INDEX inbox_hash ON inbox (hash) WHERE bind = '';

-- Parts of long messages. Once joined a part keeps only what tells a
-- redelivered copy of it.
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
CREATE INDEX fragment_waiting ON fragment (stored) WHERE joined = 0;

-- The work to be done. head is 0 for an item that waits behind others of its
-- lane, 1 for the first unfinished one, and 2 for what the indexes leave out:
-- what is leased, which the writer knows, and what is finished. Items that may
-- be leased have ids from meta.leased_from on.
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
CREATE INDEX outbox_ready ON outbox (kind, link, next) WHERE head = 1;
CREATE INDEX outbox_lane ON outbox (lane) WHERE head < 2;
CREATE INDEX outbox_unless ON outbox (unless) WHERE unless IS NOT NULL AND head < 2;
CREATE INDEX outbox_message ON outbox (message_id, link) WHERE message_id IS NOT NULL;

-- FAIL, since ABORT would keep a journal of each statement.
CREATE TRIGGER outbox_final BEFORE UPDATE OF state ON outbox
WHEN OLD.state >= 6 AND NEW.state <> OLD.state
  AND NOT (OLD.state = 6 AND NEW.state IN (7, 9, 10))
BEGIN
  SELECT RAISE(FAIL, 'outbox: final states never change');
END;

-- Where a receipt's transaction stands. Rows are kept when the outbox is
-- pruned: a receipt can be checked for good.
CREATE TABLE receipt (
  receipt TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  state   INTEGER NOT NULL,
  code    TEXT NOT NULL DEFAULT '',
  block   INTEGER NOT NULL DEFAULT 0,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER receipt_final BEFORE UPDATE ON receipt
WHEN OLD.state >= 6
BEGIN
  SELECT RAISE(ABORT, 'receipt: final states never change');
END;

-- Delivery receipts that came before the operator's answer to the message.
-- One receipt may be kept under several spellings of the identifier: grp.
CREATE TABLE early_receipt (
  message_id TEXT NOT NULL,
  link       TEXT NOT NULL,
  grp        INTEGER NOT NULL,
  state      INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (message_id, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX early_receipt_grp ON early_receipt (grp);
