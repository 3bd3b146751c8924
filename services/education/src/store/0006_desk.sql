-- What schools sent back, until somebody at the desk of their authority has seen to it: roll or directory are wrong there.
CREATE TABLE education_sent_back (
    notice TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    laestab TEXT NOT NULL,
    owner TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    done_by TEXT NOT NULL,
    done_ms BIGINT NOT NULL
);
CREATE INDEX education_sent_back_open ON education_sent_back (authority, at_ms, notice) WHERE done_ms = 0;

-- Who at a desk has taken what; subject is `notices/{id}` or `dead-letters/{id}`.
CREATE TABLE education_takes (
    subject TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);

-- Contacts to whose mailbox, as the directory has it now, a mail server refused mail for good. Gone when the address changes
-- or a later mail is taken. No names, no addresses.
CREATE TABLE education_bounces (
    laestab TEXT NOT NULL,
    contact TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (laestab, contact)
);
