CREATE TABLE bus_topics (
    topic TEXT NOT NULL PRIMARY KEY,
    partitions BIGINT NOT NULL,
    compacted BIGINT NOT NULL
);

-- The offset that the next message of a partition gets.
CREATE TABLE bus_heads (
    topic TEXT NOT NULL,
    part BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    PRIMARY KEY (topic, part)
);

CREATE TABLE bus_log (
    topic TEXT NOT NULL,
    part BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    msg_key TEXT NOT NULL,
    event_id TEXT NOT NULL,
    payload BYTEA NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (topic, part, log_offset)
);

-- What a consumer group has committed: the first offset that it has not taken in.
CREATE TABLE bus_offsets (
    grp TEXT NOT NULL,
    topic TEXT NOT NULL,
    part BIGINT NOT NULL,
    committed BIGINT NOT NULL,
    PRIMARY KEY (grp, topic, part)
);

-- Members of a consumer group, alive until they expire.
CREATE TABLE bus_members (
    grp TEXT NOT NULL,
    member TEXT NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (grp, member)
);

-- Which member reads a partition. A claim stands as long as its member is alive.
CREATE TABLE bus_claims (
    grp TEXT NOT NULL,
    topic TEXT NOT NULL,
    part BIGINT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (grp, topic, part)
);
