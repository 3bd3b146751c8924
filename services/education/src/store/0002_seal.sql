-- Who confirmed that the child is on the roll, and when. Neither: a school's notice is sealed.
ALTER TABLE education_notices ADD COLUMN roll_confirmed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE education_notices ADD COLUMN roll_confirm_ms BIGINT NOT NULL DEFAULT 0;
-- Whoever acknowledged one before it could be sealed has read it.
UPDATE education_notices SET roll_confirmed_by = acknowledged_by, roll_confirm_ms = acknowledge_ms
    WHERE acknowledge_ms > 0;

-- What the school noted: of an acknowledgement, and of the support that it gave. Gone when the content goes.
CREATE TABLE education_notice_notes (
    notice TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    practitioner TEXT NOT NULL,
    kind TEXT NOT NULL,
    codes TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (notice, at_ms, practitioner, kind)
);

-- Everybody to whom content was shown, each time: the content itself or, of a sealed notice, who the child is.
CREATE TABLE education_notice_accesses (
    notice TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    sealed BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX education_notice_accesses_by_notice ON education_notice_accesses (notice, at_ms);

-- What waits, without a look at the years behind it.
CREATE INDEX education_notices_open ON education_notices (recipient, sort_ms, id)
    WHERE state IN ('delivered', 'opened', 'escalated');
CREATE INDEX education_notices_open_ladder ON education_notices (escalated_authority, sort_ms, id)
    WHERE state IN ('delivered', 'opened', 'escalated');
