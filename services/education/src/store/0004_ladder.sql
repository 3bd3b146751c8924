-- When the ladder of a notice must be looked at next, also if it is left alone for a while because it cannot be read.
-- Without a row there is nothing left to do.
CREATE TABLE education_looks (
    notice TEXT NOT NULL PRIMARY KEY,
    next_ms BIGINT NOT NULL
);
CREATE INDEX education_looks_by_time ON education_looks (next_ms);
INSERT INTO education_looks (notice, next_ms)
    SELECT id, left_alone_ms FROM education_notices WHERE state IN ('delivered', 'opened');
ALTER TABLE education_notices DROP COLUMN left_alone_ms;

-- Steps of ladders: claimed here before anything is sent, so that each is taken by one process only. `round_ms` is when the
-- notice arrived: one that starts again after a recall starts its ladder again. An empty outcome is in flight since
-- `claim_ms`. No names, no addresses.
CREATE TABLE education_nudges (
    notice TEXT NOT NULL,
    round_ms BIGINT NOT NULL,
    step TEXT NOT NULL,
    place BIGINT NOT NULL,
    practitioner TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    claim_ms BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (notice, round_ms, step)
);

-- Why the bell rang before a notice was acknowledged or with the desk.
CREATE TABLE education_late (
    notice TEXT NOT NULL,
    round_ms BIGINT NOT NULL,
    cause TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (notice, round_ms)
);

-- The ladders of authorities that have one of their own.
CREATE TABLE education_ladders (
    authority TEXT NOT NULL PRIMARY KEY,
    ladder BYTEA NOT NULL
);
