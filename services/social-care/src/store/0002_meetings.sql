-- Meetings, disagreements and transfers: each of a referral, changed under its lock alone. `waiting` is 1 while somebody
-- has not answered; `beside` is what is kept of it and not told.
CREATE TABLE social_care_meetings (
    authority TEXT NOT NULL,
    id TEXT NOT NULL,
    referral TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    beside TEXT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (authority, id)
);
CREATE INDEX social_care_meetings_by_time ON social_care_meetings (authority, at_ms, id);
CREATE INDEX social_care_meetings_by_referral ON social_care_meetings (referral, at_ms, id);

CREATE TABLE social_care_disagreements (
    authority TEXT NOT NULL,
    id TEXT NOT NULL,
    referral TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    beside TEXT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (authority, id)
);
CREATE INDEX social_care_disagreements_by_time ON social_care_disagreements (authority, at_ms, id);
CREATE INDEX social_care_disagreements_by_referral ON social_care_disagreements (referral, at_ms, id);

CREATE TABLE social_care_transfers (
    authority TEXT NOT NULL,
    id TEXT NOT NULL,
    referral TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    beside TEXT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (authority, id)
);
CREATE INDEX social_care_transfers_by_time ON social_care_transfers (authority, at_ms, id);
CREATE INDEX social_care_transfers_by_referral ON social_care_transfers (referral, at_ms, id);
