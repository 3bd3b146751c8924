CREATE TABLE routing_cases (
    case_id TEXT PRIMARY KEY, force TEXT NOT NULL, revision BIGINT NOT NULL, accepted_ms BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL, incident BYTEA NOT NULL);
CREATE TABLE routing_locks (case_id TEXT PRIMARY KEY);
CREATE TABLE routing_duties (
    duty_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, child_ref TEXT NOT NULL, slot TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, state_ms BIGINT NOT NULL, reason TEXT NOT NULL, late BIGINT NOT NULL, rejected_by TEXT NOT NULL);
CREATE INDEX routing_duties_case ON routing_duties (case_id);
CREATE TABLE routing_disclosures (
    disclosure_id TEXT PRIMARY KEY, duty_id TEXT NOT NULL, case_id TEXT NOT NULL, recipient TEXT NOT NULL,
    desk TEXT NOT NULL, revision BIGINT NOT NULL, digest BYTEA NOT NULL, is_copy BIGINT NOT NULL, live BIGINT NOT NULL);
CREATE INDEX routing_disclosures_case ON routing_disclosures (case_id);
CREATE TABLE routing_decisions (
    decision_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, decided_ms BIGINT NOT NULL, payload BYTEA NOT NULL);
CREATE INDEX routing_decisions_case ON routing_decisions (case_id, decided_ms, decision_id);
CREATE TABLE routing_establishments (
    laestab TEXT PRIMARY KEY, authority TEXT NOT NULL, name_key TEXT NOT NULL, contacts BIGINT NOT NULL,
    payload BYTEA NOT NULL);
CREATE INDEX routing_establishments_name ON routing_establishments (name_key);
CREATE TABLE routing_pupils (
    pupil_id TEXT PRIMARY KEY, authority TEXT NOT NULL, upn_key TEXT NOT NULL, nhs_key TEXT NOT NULL,
    person_key TEXT NOT NULL, birth_key TEXT NOT NULL, places BYTEA NOT NULL);
CREATE INDEX routing_pupils_upn ON routing_pupils (upn_key);
CREATE INDEX routing_pupils_nhs ON routing_pupils (nhs_key);
CREATE INDEX routing_pupils_person ON routing_pupils (person_key);
CREATE TABLE routing_profiles (
    force TEXT NOT NULL, recipient_kind TEXT NOT NULL, profile TEXT NOT NULL, early_years BIGINT NOT NULL,
    version BIGINT NOT NULL, PRIMARY KEY (force, recipient_kind));
