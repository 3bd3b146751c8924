-- Referrals of each hub. `id` is `{authority}/{case id}`: two authorities that are told of one child work each their own.
-- `due_ms` is what the queue is ordered by; for a decided referral, when it was decided.
CREATE TABLE social_care_referrals (
    id TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    case_id TEXT NOT NULL,
    state TEXT NOT NULL,
    open BIGINT NOT NULL,
    grade BIGINT NOT NULL,
    worker TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    receive_ms BIGINT NOT NULL,
    child TEXT NOT NULL,
    feedback BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX social_care_queue ON social_care_referrals (authority, open, due_ms, id);
CREATE INDEX social_care_queue_by_worker ON social_care_referrals (authority, worker, open, due_ms, id);
CREATE INDEX social_care_queue_by_state ON social_care_referrals (authority, state, due_ms, id);
CREATE INDEX social_care_queue_by_grade ON social_care_referrals (authority, grade, open, due_ms, id);
-- Counting reads this alone, and never the payload.
CREATE INDEX social_care_queue_counts ON social_care_referrals (authority, open, state, grade, feedback, worker, due_ms, receive_ms);
CREATE INDEX social_care_referrals_by_child ON social_care_referrals (authority, child, receive_ms);

-- What reached a hub. `content` is empty once it was recalled.
CREATE TABLE social_care_items (
    release_id TEXT NOT NULL PRIMARY KEY,
    referral TEXT NOT NULL,
    item_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    receive_ms BIGINT NOT NULL,
    after_decision BIGINT NOT NULL,
    recall_code TEXT NOT NULL,
    content BYTEA NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX social_care_items_by_referral ON social_care_items (referral, receive_ms, release_id);

-- Questions to partners, by the item that carries them.
CREATE TABLE social_care_enquiries (
    id TEXT NOT NULL PRIMARY KEY,
    referral TEXT NOT NULL,
    authority TEXT NOT NULL,
    partner TEXT NOT NULL,
    state TEXT NOT NULL,
    ask_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX social_care_enquiries_by_referral ON social_care_enquiries (referral, ask_ms, id);
CREATE INDEX social_care_enquiries_waiting ON social_care_enquiries (authority, state);
CREATE INDEX social_care_enquiries_by_time ON social_care_enquiries (authority, ask_ms);

-- Clocks that run, each of a referral and about a subject. `next_ms` is when it has something to say; 0 for never.
CREATE TABLE social_care_clocks (
    referral TEXT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    next_ms BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (referral, rule, subject)
);
CREATE INDEX social_care_clocks_by_time ON social_care_clocks (next_ms);

-- What named persons have to see to.
CREATE TABLE social_care_prompts (
    id TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    referral TEXT NOT NULL,
    code TEXT NOT NULL,
    person TEXT NOT NULL,
    open BIGINT NOT NULL,
    create_ms BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX social_care_prompts_by_time ON social_care_prompts (authority, open, create_ms, id);
CREATE INDEX social_care_prompts_by_person ON social_care_prompts (authority, person, open, create_ms, id);
CREATE INDEX social_care_prompts_by_referral ON social_care_prompts (referral, create_ms, id);

-- Keyed hashes of children, people and addresses. Nothing can be read from them.
CREATE TABLE social_care_marks (
    authority TEXT NOT NULL,
    mac TEXT NOT NULL,
    referral TEXT NOT NULL,
    kind BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (authority, mac, referral)
);
CREATE INDEX social_care_marks_by_referral ON social_care_marks (referral);

-- Pairs of referrals, each kept both ways. A pair that a worker took apart stays so.
CREATE TABLE social_care_links (
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    kinds BIGINT NOT NULL,
    apart BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (one, other)
);

-- Children as a hub knows them. `worker` is that of an open case, `lead` that of a plan.
CREATE TABLE social_care_children (
    authority TEXT NOT NULL,
    child TEXT NOT NULL,
    merged_into TEXT NOT NULL,
    worker TEXT NOT NULL,
    lead TEXT NOT NULL,
    case_id TEXT NOT NULL,
    status BYTEA NOT NULL,
    status_revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (authority, child)
);
CREATE INDEX social_care_children_by_case ON social_care_children (authority, case_id);
CREATE TABLE social_care_child_marks (
    authority TEXT NOT NULL,
    mac TEXT NOT NULL,
    child TEXT NOT NULL,
    PRIMARY KEY (authority, mac)
);
CREATE INDEX social_care_child_marks_by_child ON social_care_child_marks (authority, child);
CREATE TABLE social_care_strangers (
    authority TEXT NOT NULL,
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (authority, one, other)
);

-- Decisions with what was known then, never changed.
CREATE TABLE social_care_snapshots (
    referral TEXT NOT NULL,
    number BIGINT NOT NULL,
    authority TEXT NOT NULL,
    decide_ms BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (referral, number)
);
CREATE INDEX social_care_snapshots_by_time ON social_care_snapshots (authority, decide_ms);

-- What a hub has sent, so that receipts and non-delivery reports find what they are about.
CREATE TABLE social_care_sent (
    item_id TEXT NOT NULL PRIMARY KEY,
    referral TEXT NOT NULL,
    kind BIGINT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    send_ms BIGINT NOT NULL
);

-- Who looked up the protection of a child.
CREATE TABLE social_care_lookups (
    release_id TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    child TEXT NOT NULL,
    lookup_ms BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX social_care_lookups_by_time ON social_care_lookups (authority, lookup_ms, release_id);

-- Notices whose school is to be found.
CREATE TABLE social_care_notices (
    disclosure_id TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    open BIGINT NOT NULL,
    receive_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX social_care_notices_by_time ON social_care_notices (authority, open, receive_ms, disclosure_id);

-- The people of each hub.
CREATE TABLE social_care_hubs (
    authority TEXT NOT NULL PRIMARY KEY,
    duty_manager TEXT NOT NULL,
    contact BYTEA NOT NULL
);
