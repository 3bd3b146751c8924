-- Records that have to be in a ledger before messages of the same transaction may be published.
CREATE TABLE evidence (
    seq BIGSERIAL PRIMARY KEY,
    component TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    entry BYTEA NOT NULL,
    late BIGINT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX evidence_by_component ON evidence (component, seq);

-- The salts of their commitments. Whoever erases what was committed to erases the salt with it.
CREATE TABLE evidence_salts (
    entry_id TEXT NOT NULL PRIMARY KEY,
    component TEXT NOT NULL,
    salt BYTEA NOT NULL
);

-- Messages that do not wait for a ledger that is out of reach.
ALTER TABLE outbox ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;
