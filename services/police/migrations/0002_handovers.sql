-- How often the report was revised is not the other force's to know: it tells of changes that it may not see.
ALTER TABLE police_handovers DROP COLUMN incident_revision;
