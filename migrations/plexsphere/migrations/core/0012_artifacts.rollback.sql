DO $$ BEGIN IF EXISTS (SELECT FROM plexd_artifacts) THEN RAISE EXCEPTION 'artifacts are not taken back: what every released binary is would be lost; to start anew, drop the database' USING ERRCODE = '0A000'; END IF; END $$;
DROP TABLE plexd_artifacts, plexd_releases;
