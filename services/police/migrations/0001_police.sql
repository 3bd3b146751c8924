-- Incidents as they stand now; earlier revisions are on the bus, not here. payload: a mash.police.v1.Incident.
CREATE TABLE police_incidents (
    case_id TEXT NOT NULL PRIMARY KEY,
    force_code TEXT NOT NULL,
    occurrence_key TEXT NOT NULL,
    occurrence_number TEXT NOT NULL,
    revision BIGINT NOT NULL,
    state BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    UNIQUE (force_code, occurrence_key)
);

-- Every child that was ever accepted, which is what outcomes are reconciled against.
CREATE TABLE police_children (
    case_id TEXT NOT NULL,
    child_ref TEXT NOT NULL,
    PRIMARY KEY (case_id, child_ref)
);

-- Numbers that rise in the order of commits: whoever draws one holds its row until the end of the transaction.
CREATE TABLE police_counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO police_counters (name, value) VALUES ('outcomes', 0), ('handovers', 0);

-- What became of each duty. State 0 means that only receipts were heard so far.
CREATE TABLE police_duties (
    duty_id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL,
    force_code TEXT NOT NULL,
    child_ref TEXT NOT NULL,
    state BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX police_duties_by_force ON police_duties (force_code, seq);
CREATE INDEX police_duties_by_case ON police_duties (case_id, seq);

-- What other forces handed over. A recalled one keeps its row and loses its content.
CREATE TABLE police_handovers (
    disclosure_id TEXT NOT NULL PRIMARY KEY,
    force_code TEXT NOT NULL,
    seq BIGINT NOT NULL,
    duty_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    from_force_code TEXT NOT NULL,
    revision BIGINT NOT NULL,
    incident_revision BIGINT NOT NULL,
    state BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    acknowledged_ms BIGINT,
    recalled_ms BIGINT,
    content BYTEA NOT NULL
);
CREATE INDEX police_handovers_by_force ON police_handovers (force_code, seq);

-- On whose behalf something was changed or read. The content is not in here.
CREATE TABLE police_accesses (
    seq BIGSERIAL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX police_accesses_by_subject ON police_accesses (subject);
