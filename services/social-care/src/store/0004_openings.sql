-- Which openings of referrals were told: one for each person, referral and hour.
CREATE TABLE social_care_openings (event_id TEXT PRIMARY KEY);
