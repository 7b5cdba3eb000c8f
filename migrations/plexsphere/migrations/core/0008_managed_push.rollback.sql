DO $$ BEGIN RAISE EXCEPTION 'managed push is not taken back: every attached credential and the whole trail of pushes would be lost; to start anew, drop the database' USING ERRCODE = '0A000'; END $$;
