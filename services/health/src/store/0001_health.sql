-- The teams of each board; `teams` is what ListTeams shows.
CREATE TABLE health_teams (
    board TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    teams BYTEA NOT NULL
);

-- Records of injuries; `record` holds the prompt too, whose state is empty where there are no grounds. A zero time says that
-- nothing rings.
CREATE TABLE health_injuries (
    seq BIGINT NOT NULL,
    id TEXT NOT NULL PRIMARY KEY,
    board TEXT NOT NULL,
    state TEXT NOT NULL,
    ring_ms BIGINT NOT NULL,
    clock TEXT NOT NULL,
    record BYTEA NOT NULL
);
CREATE INDEX health_injuries_by_board ON health_injuries (board, seq);
CREATE INDEX health_injuries_by_ring ON health_injuries (ring_ms);

-- Notices of incidents; `notice` is what is shown of them, without content; `content` is empty once it was wiped.
CREATE TABLE health_notices (
    seq BIGINT NOT NULL,
    id TEXT NOT NULL PRIMARY KEY,
    board TEXT NOT NULL,
    case_id TEXT NOT NULL,
    duty_id TEXT NOT NULL,
    team TEXT NOT NULL,
    state TEXT NOT NULL,
    opened BIGINT NOT NULL,
    recall_ms BIGINT NOT NULL,
    ring_ms BIGINT NOT NULL,
    clock TEXT NOT NULL,
    notice BYTEA NOT NULL,
    content BYTEA NOT NULL
);
CREATE INDEX health_notices_by_board ON health_notices (board, seq);
CREATE INDEX health_notices_by_ring ON health_notices (ring_ms);

-- What authorities have told of protected children. The NHS number is here only as a keyed hash.
CREATE TABLE health_protection (
    release_id TEXT NOT NULL PRIMARY KEY,
    board TEXT NOT NULL,
    number_hash BYTEA NOT NULL,
    authority TEXT NOT NULL,
    item_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    plan BIGINT NOT NULL,
    looked_after BIGINT NOT NULL,
    unborn BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    heard_ms BIGINT NOT NULL,
    entry BYTEA NOT NULL
);
CREATE INDEX health_protection_by_number ON health_protection (board, number_hash);
CREATE INDEX health_protection_by_time ON health_protection (board, heard_ms);

-- Who has looked. `lookup` is what ListLookups shows.
CREATE TABLE health_lookups (
    seq BIGINT NOT NULL,
    id TEXT NOT NULL PRIMARY KEY,
    board TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    number_hash BYTEA NOT NULL,
    lookup BYTEA NOT NULL
);
CREATE INDEX health_lookups_by_board ON health_lookups (board, seq);
CREATE INDEX health_lookups_by_time ON health_lookups (board, at_ms);

-- The last sequence number of each kind of row of a board; also the row by which writers of one board take turns.
CREATE TABLE health_sequences (
    board TEXT NOT NULL,
    kind TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (board, kind)
);
