CREATE TABLE routing_agreements (
    agreement_id TEXT PRIMARY KEY, proposed_ms BIGINT NOT NULL, proposed_by TEXT NOT NULL, valid_until TEXT NOT NULL,
    digest BYTEA NOT NULL, terms BYTEA NOT NULL, ended_ms BIGINT, ended_by TEXT, ended_reason TEXT,
    superseded_by TEXT, superseded_from TEXT, activated BIGINT NOT NULL, expired BIGINT NOT NULL);
CREATE INDEX routing_agreements_order ON routing_agreements (proposed_ms, agreement_id);
CREATE TABLE routing_agreement_parties (
    organisation TEXT NOT NULL, agreement_id TEXT NOT NULL, PRIMARY KEY (organisation, agreement_id));
CREATE TABLE routing_agreement_signatures (
    agreement_id TEXT NOT NULL, party TEXT NOT NULL, practitioner TEXT NOT NULL, role TEXT NOT NULL,
    at_ms BIGINT NOT NULL, digest BYTEA NOT NULL, PRIMARY KEY (agreement_id, party));
CREATE TABLE routing_agreement_warnings (
    agreement_id TEXT NOT NULL, days BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (agreement_id, days));
