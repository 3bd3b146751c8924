-- The case of a notice, under whose key it is sealed. Empty for notices of before.
ALTER TABLE social_care_notices ADD COLUMN case_id TEXT NOT NULL DEFAULT '';
