CREATE INDEX audit_anchored ON audit_checkpoint (size) WHERE anchor <> '';

-- For the proof of a receipt with its envelope.
CREATE INDEX outbox_transaction ON outbox (receipt) WHERE receipt IS NOT NULL;
