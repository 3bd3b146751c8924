-- Schools, colleges and settings: the register's row, and the contacts, which no register holds.
CREATE TABLE education_establishments (
    laestab TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    version BIGINT NOT NULL,
    establishment BYTEA NOT NULL,
    contacts BYTEA NOT NULL
);
CREATE INDEX education_establishments_by_authority ON education_establishments (authority, laestab);

-- The officers of the desks of an authority.
CREATE TABLE education_desks (
    authority TEXT NOT NULL,
    desk TEXT NOT NULL,
    version BIGINT NOT NULL,
    contacts BYTEA NOT NULL,
    PRIMARY KEY (authority, desk)
);

-- Calendars of establishments and of authorities; owner is `establishments/{laestab}` or `authorities/{code}`.
CREATE TABLE education_calendars (
    owner TEXT NOT NULL PRIMARY KEY,
    calendar BYTEA NOT NULL
);

-- Days on which an establishment is closed after all.
CREATE TABLE education_closures (
    laestab TEXT NOT NULL,
    day TEXT NOT NULL,
    reason TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (laestab, day)
);

-- Single values: the imported bank holidays, the key of pupil ids.
CREATE TABLE education_settings (
    name TEXT NOT NULL PRIMARY KEY,
    content BYTEA NOT NULL
);

-- Pupils on the rolls of authorities.
CREATE TABLE education_pupils (
    authority TEXT NOT NULL,
    local_id TEXT NOT NULL,
    upn TEXT NOT NULL,
    version BIGINT NOT NULL,
    pupil BYTEA NOT NULL,
    PRIMARY KEY (authority, local_id)
);
CREATE INDEX education_pupils_by_upn ON education_pupils (authority, upn);

-- Notices. An empty text or a zero time says that there is none; `content` is empty once it was wiped.
CREATE TABLE education_notices (
    id TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    desk BIGINT NOT NULL,
    escalated_authority TEXT NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    sort_ms BIGINT NOT NULL,
    deliver_by_ms BIGINT NOT NULL,
    uncertain BIGINT NOT NULL,
    accept_ms BIGINT NOT NULL,
    receive_ms BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    acknowledge_ms BIGINT NOT NULL,
    acknowledged_revision BIGINT NOT NULL,
    escalated_to TEXT NOT NULL,
    recall_reason TEXT NOT NULL,
    recall_ms BIGINT NOT NULL,
    released BYTEA NOT NULL,
    content BYTEA NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX education_notices_by_bell ON education_notices (state, deliver_by_ms);
CREATE INDEX education_notices_by_recipient ON education_notices (recipient, sort_ms, id);
CREATE INDEX education_notices_by_ladder ON education_notices (escalated_authority, sort_ms, id);

-- Who at a school may see a notice. Desks have officers instead, who change.
CREATE TABLE education_notice_readers (
    notice TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    PRIMARY KEY (notice, practitioner)
);
