-- What police keep of custody, missing episodes and police protection besides the referral itself.
-- child_key: a keyed fingerprint of who the child is, by which episodes are counted; no way back.
CREATE TABLE police_records (
    organisation TEXT NOT NULL,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    child_key TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    number BIGINT NOT NULL,
    PRIMARY KEY (organisation, case_id)
);
CREATE INDEX police_records_by_child ON police_records (organisation, kind, child_key);
