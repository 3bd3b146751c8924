CREATE TABLE audit_ledger (
    id BIGINT PRIMARY KEY, size BIGINT NOT NULL, root BYTEA NOT NULL);
CREATE TABLE audit_entries (
    idx BIGSERIAL PRIMARY KEY, entry_id BYTEA NOT NULL, organisation TEXT NOT NULL, entry BYTEA NOT NULL);
CREATE UNIQUE INDEX audit_entries_id ON audit_entries (entry_id);
CREATE INDEX audit_entries_organisation ON audit_entries (organisation, idx);
CREATE TABLE audit_tiles (
    row_no BIGINT NOT NULL, idx BIGINT NOT NULL, hashes BYTEA NOT NULL, PRIMARY KEY (row_no, idx));
CREATE TABLE audit_checkpoints (
    size BIGINT PRIMARY KEY, root BYTEA NOT NULL, at_ms BIGINT NOT NULL, note TEXT NOT NULL);
CREATE TABLE audit_cosignatures (
    size BIGINT NOT NULL, witness TEXT NOT NULL, line TEXT NOT NULL, at_ms BIGINT NOT NULL,
    PRIMARY KEY (size, witness));
CREATE TABLE audit_keys (
    line TEXT PRIMARY KEY, added_ms BIGINT NOT NULL, retired_ms BIGINT NOT NULL);
CREATE TABLE audit_witnesses (
    organisation TEXT NOT NULL, line TEXT NOT NULL, at_ms BIGINT NOT NULL, live BIGINT NOT NULL,
    PRIMARY KEY (organisation, line));
