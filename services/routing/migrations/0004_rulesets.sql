-- What each decision rested on, so that it can be replayed, and who it is about, so that children can be counted.
ALTER TABLE routing_decisions ADD COLUMN facts BYTEA;
CREATE INDEX routing_decisions_time ON routing_decisions (decided_ms, decision_id);
CREATE TABLE routing_rulesets (
    version TEXT PRIMARY KEY, digest BYTEA NOT NULL, files BYTEA NOT NULL, state TEXT NOT NULL,
    proposed_by TEXT NOT NULL, proposer TEXT NOT NULL, proposed_ms BIGINT NOT NULL,
    approved_by TEXT NOT NULL, approver TEXT NOT NULL, activated_ms BIGINT NOT NULL);
CREATE INDEX routing_rulesets_order ON routing_rulesets (proposed_ms, version);
-- One row: which version is in force.
CREATE TABLE routing_ruleset_in_force (place BIGINT PRIMARY KEY, version TEXT NOT NULL);
