CREATE TABLE routing_resting (
    event_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, duty_id TEXT NOT NULL, disclosure_id TEXT NOT NULL,
    flow TEXT NOT NULL, kept_back BIGINT NOT NULL);
CREATE INDEX routing_resting_kept_back ON routing_resting (kept_back);
