-- Until when a duty must be answered (0: no bell), who has it when it went up, why it was late. What went up before this
-- was kept went to somebody, and nobody knows any more to whom.
ALTER TABLE routing_duties ADD COLUMN bell_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE routing_duties ADD COLUMN escalated_to TEXT NOT NULL DEFAULT 'not-recorded';
ALTER TABLE routing_duties ADD COLUMN late_cause TEXT NOT NULL DEFAULT '';
CREATE INDEX routing_duties_by_time ON routing_duties (state_ms);
CREATE INDEX routing_cases_by_time ON routing_cases (accepted_ms);

-- The calendars of authorities: they say which mornings have a statement.
CREATE TABLE routing_calendars (authority TEXT PRIMARY KEY, calendar BYTEA NOT NULL);

-- Statements as they were signed. A row never changes.
CREATE TABLE routing_statements (
    owner TEXT NOT NULL, day TEXT NOT NULL, until_ms BIGINT NOT NULL, record BYTEA NOT NULL,
    signature BYTEA NOT NULL, public_key BYTEA NOT NULL, PRIMARY KEY (owner, day));

-- What the statements of an owner have said of a duty last; an empty outcome: that it is open.
CREATE TABLE routing_stated (
    owner TEXT NOT NULL, duty_id TEXT NOT NULL, outcome TEXT NOT NULL, stated_ms BIGINT NOT NULL,
    PRIMARY KEY (owner, duty_id));
CREATE INDEX routing_stated_open ON routing_stated (duty_id) WHERE outcome = '';

-- Public figures of closed months as they were signed. A row never changes.
CREATE TABLE routing_public_figures (
    month TEXT PRIMARY KEY, record BYTEA NOT NULL, signature BYTEA NOT NULL, public_key BYTEA NOT NULL);
