-- What messages may rest on. A closed guard stays closed.
CREATE TABLE guards (
    guard_id TEXT NOT NULL PRIMARY KEY,
    open BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

ALTER TABLE outbox ADD COLUMN guarded BIGINT NOT NULL DEFAULT 0;

-- The guards that a waiting message rests on.
CREATE TABLE outbox_guards (
    guard_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (guard_id, seq)
);
CREATE INDEX outbox_guards_by_seq ON outbox_guards (seq);

-- Guarded messages that a relay may be publishing right now, or was publishing when it was last heard of.
CREATE TABLE outbox_flights (
    flight TEXT NOT NULL,
    seq BIGINT NOT NULL,
    guard_id TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (flight, seq, guard_id)
);
CREATE INDEX outbox_flights_by_guard ON outbox_flights (guard_id, until_ms);
CREATE INDEX outbox_flights_by_seq ON outbox_flights (seq);

-- Messages that a relay found barred. Their owner takes them from here to put it on record.
CREATE TABLE outbox_barred (
    seq BIGINT NOT NULL PRIMARY KEY,
    component TEXT NOT NULL,
    event_id TEXT NOT NULL,
    guard_id TEXT NOT NULL,
    why TEXT NOT NULL,
    in_doubt BIGINT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX outbox_barred_by_component ON outbox_barred (component, seq);
