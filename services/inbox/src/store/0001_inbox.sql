-- Who may sign in: a practitioner of an organisation, by invitation. Of her address only a keyed hash is here.
CREATE TABLE inbox_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL,
    practitioner TEXT NOT NULL,
    language TEXT NOT NULL,
    email_key TEXT NOT NULL,
    invite_ms BIGINT NOT NULL,
    UNIQUE (organisation, practitioner)
);
CREATE UNIQUE INDEX inbox_accounts_by_email ON inbox_accounts (email_key);

-- One-time links.
CREATE TABLE inbox_links (
    token_key TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    end_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX inbox_links_by_end ON inbox_links (end_ms);

-- One-time codes, one for each browser that asked. An empty account is nobody's.
CREATE TABLE inbox_codes (
    asker_key TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    code_key TEXT NOT NULL,
    end_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX inbox_codes_by_end ON inbox_codes (end_ms);

-- Sessions, by a keyed hash of their token.
CREATE TABLE inbox_sessions (
    token_key TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    agent_key TEXT NOT NULL,
    create_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL
);
CREATE INDEX inbox_sessions_by_account ON inbox_sessions (account);
CREATE INDEX inbox_sessions_by_end ON inbox_sessions (end_ms);

-- How often somebody tried, by a keyed hash of who, in each stretch of time.
CREATE TABLE inbox_attempts (
    subject TEXT NOT NULL,
    window_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (subject, window_ms)
);
CREATE INDEX inbox_attempts_by_window ON inbox_attempts (window_ms);
