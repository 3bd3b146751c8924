-- Where entries about a case are found. It stands in the entry too; a row without it was written before, and is filled in.
ALTER TABLE audit_entries ADD COLUMN case_id TEXT;
CREATE INDEX audit_entries_case ON audit_entries (case_id, idx);
