-- Glass that was broken over a child's record. Reasons are sealed under the keys of all her cases.
CREATE TABLE routing_break_glass (
    glass_id TEXT PRIMARY KEY, organisation TEXT NOT NULL, practitioner TEXT NOT NULL, life_at_risk BIGINT NOT NULL,
    open_ms BIGINT NOT NULL, reason BYTEA NOT NULL, verdict TEXT NOT NULL, reviewer TEXT NOT NULL,
    review_ms BIGINT NOT NULL, review_reason BYTEA NOT NULL);
CREATE INDEX routing_break_glass_unreviewed ON routing_break_glass (organisation, review_ms, open_ms);

-- Which child it is about, in each of her cases.
CREATE TABLE routing_break_glass_children (
    glass_id TEXT NOT NULL, case_id TEXT NOT NULL, child_ref TEXT NOT NULL,
    PRIMARY KEY (glass_id, case_id, child_ref));

-- Whom it concerns, in which of her cases, and when they said that they had heard of it (0: not yet). The organisation
-- that broke it is one of them, and has heard.
CREATE TABLE routing_break_glass_told (
    organisation TEXT NOT NULL, glass_id TEXT NOT NULL, open_ms BIGINT NOT NULL, heard_ms BIGINT NOT NULL,
    cases TEXT NOT NULL, PRIMARY KEY (organisation, glass_id));
CREATE INDEX routing_break_glass_told_by_time ON routing_break_glass_told (organisation, open_ms, glass_id);
