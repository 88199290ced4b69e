-- How far the blocks of each ledger have been followed.
CREATE TABLE followed (
  chain TEXT PRIMARY KEY,
  next  INTEGER NOT NULL, -- the first block that was not
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Envelopes of ours on a ledger for which this store does not account.
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

-- To find the item of a receipt that nobody holds. A transaction that is leased
-- as it is made and finished soon after is never in it.
CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL AND head < 2;
