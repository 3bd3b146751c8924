-- By which keyed hashes the children of cases are known, so that what is on record about a child is found. A referral has
-- one child, whose reference is empty.
CREATE TABLE routing_subjects (
    subject_key TEXT NOT NULL, case_id TEXT NOT NULL, child_ref TEXT NOT NULL,
    PRIMARY KEY (subject_key, case_id, child_ref));
CREATE INDEX routing_subjects_case ON routing_subjects (case_id, child_ref);

-- Who may answer a subject access for an organisation.
CREATE TABLE routing_officers (
    organisation TEXT NOT NULL, practitioner TEXT NOT NULL, appointed_by TEXT NOT NULL, appointed_ms BIGINT NOT NULL,
    PRIMARY KEY (organisation, practitioner));

-- Requests for subject access. The payload and the head of the record hold codes, times and opaque ids. Why somebody
-- decided something is in the reasons, sealed under the keys of all the cases that the request is about.
CREATE TABLE routing_subject_access (
    access_id TEXT PRIMARY KEY, organisation TEXT NOT NULL, subject TEXT NOT NULL, made_ms BIGINT NOT NULL,
    assembled_ms BIGINT NOT NULL, over BIGINT NOT NULL, due_day TEXT NOT NULL, payload BYTEA NOT NULL,
    reasons BYTEA NOT NULL, record BYTEA NOT NULL);
CREATE INDEX routing_subject_access_due ON routing_subject_access (organisation, over, due_day, access_id);

-- The cases that a request is about, each with its part of the record, sealed under its own key. A part is put together
-- once.
CREATE TABLE routing_subject_access_cases (
    access_id TEXT NOT NULL, case_id TEXT NOT NULL, lines BYTEA NOT NULL, PRIMARY KEY (access_id, case_id));

-- Who looked at the record of a child.
CREATE TABLE routing_looks (
    look_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, child_ref TEXT NOT NULL, organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL, what TEXT NOT NULL, at_ms BIGINT NOT NULL);
CREATE INDEX routing_looks_case ON routing_looks (case_id, at_ms, look_id);
