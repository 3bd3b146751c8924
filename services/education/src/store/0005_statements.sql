-- The statements of authorities, as routing signed them, for the desks that read them here. A row never changes.
CREATE TABLE education_statements (
    authority TEXT NOT NULL,
    day TEXT NOT NULL,
    record BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    PRIMARY KEY (authority, day)
);
