-- One row for each organisation. Whoever draws numbers from it holds it until the end of the transaction, so that they
-- rise in the order of the commits. `opened_ms` is 0 until a system of the organisation has opened the mailbox once.
CREATE TABLE delivery_mailboxes (
    organisation TEXT NOT NULL PRIMARY KEY,
    last_seq BIGINT NOT NULL,
    drawn BIGINT NOT NULL,
    opened_ms BIGINT NOT NULL
);

-- What arrived. States: 0 waiting, 1 acknowledged, 2 replaced by a newer revision, 3 recalled, 4 too old.
-- Only what waits has a payload. Zero times and empty texts say that there is none; `settled` is 0 while somebody has
-- to acknowledge in time and nobody has; `cause` is the envelope without its content.
CREATE TABLE delivery_items (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    release_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    everyone BIGINT NOT NULL,
    arrive_ms BIGINT NOT NULL,
    acknowledge_by_ms BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    undelivered_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    sent BIGINT NOT NULL,
    cause BYTEA NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX delivery_items_waiting ON delivery_items (organisation, seq) WHERE state = 0;
CREATE INDEX delivery_items_due ON delivery_items (acknowledge_by_ms, id) WHERE settled = 0;
CREATE INDEX delivery_items_by_age ON delivery_items (arrive_ms) WHERE state = 0;
CREATE INDEX delivery_items_ended ON delivery_items (end_ms) WHERE state <> 0;
CREATE INDEX delivery_items_by_release ON delivery_items (release_id);

-- The contacts who may see an item that is not for everyone at its organisation.
CREATE TABLE delivery_readers (
    item TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    PRIMARY KEY (item, practitioner)
);

-- The last word about each release: which revision arrived, when it was recalled, which revision a person acknowledged.
CREATE TABLE delivery_releases (
    release_id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL,
    revision BIGINT NOT NULL,
    recalled_ms BIGINT NOT NULL,
    settled_revision BIGINT NOT NULL,
    last_item TEXT NOT NULL,
    touched_ms BIGINT NOT NULL
);
CREATE INDEX delivery_releases_by_age ON delivery_releases (touched_ms);

-- Who opened which mailbox on whose behalf.
CREATE TABLE delivery_accesses (
    id BIGSERIAL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL
);
