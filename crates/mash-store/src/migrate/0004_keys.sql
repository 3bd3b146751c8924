-- Data keys, one for each case and kind of record, each wrapped by a key that is not here. A closed one opens nothing and
-- seals nothing any more; a destroyed one has lost its bytes.
CREATE TABLE data_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    record TEXT NOT NULL,
    case_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    wrapped_by BIGINT NOT NULL,
    use_ms BIGINT NOT NULL,
    close_ms BIGINT NOT NULL,
    close_reason TEXT NOT NULL,
    close_by TEXT NOT NULL,
    destroy_ms BIGINT NOT NULL,
    UNIQUE (case_id, record, generation)
);
CREATE INDEX data_keys_by_use ON data_keys (record, use_ms) WHERE close_ms = 0;
CREATE INDEX data_keys_closed ON data_keys (close_ms) WHERE close_ms > 0 AND destroy_ms = 0;
CREATE INDEX data_keys_by_version ON data_keys (wrapped_by) WHERE destroy_ms = 0;

-- Keys that messages are sealed to; the private half is wrapped. The newest of a recipient is the one in use.
CREATE TABLE recipient_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    wrapped BYTEA NOT NULL,
    wrapped_by BIGINT NOT NULL,
    make_ms BIGINT NOT NULL,
    destroy_ms BIGINT NOT NULL
);
CREATE INDEX recipient_keys_by_recipient ON recipient_keys (recipient, make_ms);

-- When each version of a wrapping key was made, and when it was retired.
CREATE TABLE wrapping_versions (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    make_ms BIGINT NOT NULL,
    retire_ms BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- Cases whose content nobody may erase.
CREATE TABLE holds (
    case_id TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    place_by TEXT NOT NULL,
    place_ms BIGINT NOT NULL
);

-- Certificates of erasure. `entry_id` is that of its entry in a ledger, empty while it has none. `final_ms` is when the last wrapping key was retired that a backup could be opened with.
CREATE TABLE erasures (
    seq BIGSERIAL PRIMARY KEY,
    key_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    case_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    close_ms BIGINT NOT NULL,
    destroy_ms BIGINT NOT NULL,
    wrapped_by BIGINT NOT NULL,
    final_ms BIGINT NOT NULL,
    entry_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX erasures_by_case ON erasures (case_id);
CREATE INDEX erasures_without_entry ON erasures (seq) WHERE entry_id = '';
