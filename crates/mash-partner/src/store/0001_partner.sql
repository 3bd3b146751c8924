-- One set of tables for every service: `agency` keeps services apart, `organisation` whose it is.
CREATE TABLE partner_referrals (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    case_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    revision BIGINT NOT NULL,
    progress TEXT NOT NULL,
    awaits_writing BIGINT NOT NULL,
    practitioner TEXT NOT NULL,
    submitted_ms BIGINT NOT NULL,
    authorities TEXT NOT NULL,
    withheld TEXT NOT NULL,
    submitted BYTEA NOT NULL,
    UNIQUE (agency, organisation, case_id),
    UNIQUE (agency, item_id)
);

CREATE TABLE partner_feedback (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    release_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    from_organisation TEXT NOT NULL,
    revision BIGINT NOT NULL,
    content BYTEA NOT NULL,
    received_ms BIGINT NOT NULL,
    acknowledged_ms BIGINT,
    recalled_ms BIGINT,
    UNIQUE (agency, release_id)
);
CREATE INDEX partner_feedback_by_case ON partner_feedback (agency, organisation, case_id);

CREATE TABLE partner_enquiries (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    item_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    from_organisation TEXT NOT NULL,
    revision BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    closed_ms BIGINT,
    content BYTEA NOT NULL,
    rule_ids TEXT NOT NULL,
    reference TEXT NOT NULL,
    received_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    next_ms BIGINT,
    UNIQUE (agency, organisation, item_id),
    UNIQUE (agency, release_id)
);
CREATE INDEX partner_enquiries_open ON partner_enquiries (agency, organisation, seq)
    WHERE answered = 0 AND closed_ms IS NULL;

CREATE TABLE partner_answers (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    item_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    late BIGINT NOT NULL,
    refusal_code TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    submitted BYTEA NOT NULL,
    UNIQUE (agency, organisation, item_id, revision)
);

CREATE TABLE partner_invitations (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    item_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    from_organisation TEXT NOT NULL,
    revision BIGINT NOT NULL,
    responses BIGINT NOT NULL,
    standing TEXT NOT NULL,
    content BYTEA NOT NULL,
    reference TEXT NOT NULL,
    received_ms BIGINT NOT NULL,
    UNIQUE (agency, organisation, item_id),
    UNIQUE (agency, release_id)
);

CREATE TABLE partner_disagreements (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    item_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    authority TEXT NOT NULL,
    stage BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    standing TEXT NOT NULL,
    raised_ms BIGINT NOT NULL,
    UNIQUE (agency, item_id)
);

CREATE TABLE partner_clocks (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    subject TEXT NOT NULL,
    rule TEXT NOT NULL,
    prompt TEXT NOT NULL,
    clock TEXT NOT NULL,
    next_ms BIGINT,
    UNIQUE (agency, organisation, subject, rule)
);
CREATE INDEX partner_clocks_by_time ON partner_clocks (agency, next_ms);

CREATE TABLE partner_prompts (
    seq BIGSERIAL PRIMARY KEY,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    raised_ms BIGINT NOT NULL,
    due_ms BIGINT,
    closed_ms BIGINT,
    closed_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (agency, organisation, subject, kind)
);

-- On whose behalf something was changed or read. The content is not in here.
CREATE TABLE partner_accesses (
    seq BIGSERIAL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    agency TEXT NOT NULL,
    organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX partner_accesses_by_subject ON partner_accesses (subject);
