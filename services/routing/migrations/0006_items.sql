-- What agencies submit about referrals, without its content; the content is kept only where it rests on consent, so that
-- it can go when consent is given.
CREATE TABLE routing_items (
    item_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, revision BIGINT NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL,
    sender TEXT NOT NULL, reply_to TEXT NOT NULL, reference TEXT NOT NULL, submitted_ms BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL, facts BYTEA NOT NULL, payload BYTEA NOT NULL);
CREATE INDEX routing_items_case ON routing_items (case_id);
-- Where each item stands for each recipient.
CREATE TABLE routing_item_releases (
    release_id TEXT PRIMARY KEY, item_id TEXT NOT NULL, case_id TEXT NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL,
    recipient TEXT NOT NULL, revision BIGINT NOT NULL, digest BYTEA NOT NULL, is_copy BIGINT NOT NULL,
    live BIGINT NOT NULL, state TEXT NOT NULL, state_ms BIGINT NOT NULL, reason TEXT NOT NULL, told TEXT NOT NULL,
    sent TEXT NOT NULL, stated_guard TEXT NOT NULL);
CREATE INDEX routing_item_releases_case ON routing_item_releases (case_id);
CREATE INDEX routing_item_releases_count ON routing_item_releases (is_copy, kind, state);
-- The events of releases that rest on guards, and those of them that a guard kept back.
CREATE TABLE routing_item_events (
    event_id TEXT PRIMARY KEY, release_id TEXT NOT NULL, case_id TEXT NOT NULL, kept_back BIGINT NOT NULL);
CREATE INDEX routing_item_events_kept_back ON routing_item_events (kept_back, case_id);
