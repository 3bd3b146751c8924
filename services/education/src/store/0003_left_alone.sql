-- Until when the ladder leaves a notice alone that cannot be read.
ALTER TABLE education_notices ADD COLUMN left_alone_ms BIGINT NOT NULL DEFAULT 0;
