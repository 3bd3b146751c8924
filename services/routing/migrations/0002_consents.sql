CREATE TABLE routing_consents (
    consent_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, child_ref TEXT NOT NULL, state TEXT NOT NULL,
    until_ms BIGINT NOT NULL, change_number BIGINT NOT NULL, payload BYTEA NOT NULL);
CREATE INDEX routing_consents_case ON routing_consents (case_id);
CREATE INDEX routing_consents_due ON routing_consents (state, until_ms);
CREATE TABLE routing_child_views (
    case_id TEXT NOT NULL, child_ref TEXT NOT NULL, number BIGINT NOT NULL, payload BYTEA NOT NULL,
    PRIMARY KEY (case_id, child_ref, number));
CREATE TABLE routing_consent_releases (
    disclosure_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, child_ref TEXT NOT NULL, recipient TEXT NOT NULL,
    revision BIGINT NOT NULL, digest BYTEA NOT NULL, live BIGINT NOT NULL, event_id TEXT NOT NULL);
CREATE INDEX routing_consent_releases_case ON routing_consent_releases (case_id);
CREATE TABLE routing_consent_events (
    event_id TEXT PRIMARY KEY, disclosure_id TEXT NOT NULL, case_id TEXT NOT NULL, child_ref TEXT NOT NULL);
CREATE INDEX routing_consent_events_disclosure ON routing_consent_events (disclosure_id);
