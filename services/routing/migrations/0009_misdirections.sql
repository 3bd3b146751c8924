-- Reports that went to somebody who should not have had them, or about the wrong child. The reason is sealed
-- under the key of the case.
CREATE TABLE routing_misdirections (
    case_id TEXT PRIMARY KEY, organisation TEXT NOT NULL, aware_ms BIGINT NOT NULL, ruling TEXT NOT NULL,
    ruled_ms BIGINT NOT NULL, ruled_by TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX routing_misdirections_order ON routing_misdirections (organisation, aware_ms, case_id);
-- What recipients had, and when they said that it is gone (0: not yet).
CREATE TABLE routing_misdirected_copies (
    disclosure_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, recipient TEXT NOT NULL, deleted_ms BIGINT NOT NULL);
CREATE INDEX routing_misdirected_copies_case ON routing_misdirected_copies (case_id);
