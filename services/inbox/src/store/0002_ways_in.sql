-- What somebody came back with from a provider, by a keyed hash, so that it does nothing twice.
CREATE TABLE inbox_spent (
    token_key TEXT NOT NULL PRIMARY KEY,
    end_ms BIGINT NOT NULL
);
CREATE INDEX inbox_spent_by_end ON inbox_spent (end_ms);

-- The last challenge of each browser for a passkey, for one use.
CREATE TABLE inbox_challenges (
    asker_key TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    end_ms BIGINT NOT NULL
);
CREATE INDEX inbox_challenges_by_end ON inbox_challenges (end_ms);

-- Passkeys: the public half of a key, and how often it was used.
CREATE TABLE inbox_passkeys (
    credential_key TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    passkey TEXT NOT NULL,
    create_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX inbox_passkeys_by_account ON inbox_passkeys (account);
