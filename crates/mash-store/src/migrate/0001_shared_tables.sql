-- What a component has committed and the bus does not have yet.
CREATE TABLE outbox (
    seq BIGSERIAL PRIMARY KEY,
    component TEXT NOT NULL,
    topic TEXT NOT NULL,
    msg_key TEXT NOT NULL,
    event_id TEXT NOT NULL,
    payload BYTEA NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX outbox_by_component ON outbox (component, seq);

-- Events that a consumer group has taken in, so that a second delivery has no second effect.
CREATE TABLE seen_events (
    grp TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (grp, event_id)
);
CREATE INDEX seen_events_by_time ON seen_events (at_ms);

-- Requests that were answered, so that a repeated request gets the first answer.
CREATE TABLE requests (
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    method TEXT NOT NULL,
    content_hash BYTEA NOT NULL,
    response BYTEA,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (caller, request_id)
);
CREATE INDEX requests_by_time ON requests (at_ms);

-- Messages that could not be processed, each with an owner.
CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY,
    grp TEXT NOT NULL,
    topic TEXT NOT NULL,
    part BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    msg_key TEXT NOT NULL,
    event_id TEXT NOT NULL,
    payload BYTEA NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    owner TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX dead_letters_by_state ON dead_letters (state, at_ms);

-- Who may do what only one process at a time may do.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_ms BIGINT NOT NULL
);
