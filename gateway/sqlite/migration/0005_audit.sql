-- The audit log: the leaves that one commit of the store wrote are a row, each
-- with its length (unsigned varint) before it. They are kept for good.
CREATE TABLE audit_leaf (
  first  INTEGER PRIMARY KEY, -- number of the first of them, from 0
  count  INTEGER NOT NULL,
  leaves BLOB NOT NULL
) STRICT;

-- Its Merkle tree, above the hashes of the leaves, which follow from them: the
-- level is the upper octet of the id.
CREATE TABLE audit_tile (
  id     INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT;

CREATE TABLE audit_checkpoint (
  size   INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  note   TEXT NOT NULL, -- signed
  anchor TEXT NOT NULL  -- receipt of its transaction; empty: none
) STRICT;

-- How things outside the store were when they were looked at last.
CREATE TABLE audit_seen (
  subject TEXT PRIMARY KEY,
  value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- It binds a message to its leaf. It goes with the message, and the link with it.
ALTER TABLE inbox ADD COLUMN salt BLOB;

ALTER TABLE receipt ADD COLUMN tx TEXT NOT NULL DEFAULT '';
-- Leaves of the decision and of the end; 0: none.
ALTER TABLE receipt ADD COLUMN leaf INTEGER NOT NULL DEFAULT 0;
ALTER TABLE receipt ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
