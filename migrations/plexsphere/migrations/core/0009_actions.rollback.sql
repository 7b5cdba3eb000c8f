DO $$ BEGIN IF EXISTS (SELECT FROM executions) OR EXISTS (SELECT FROM local_executions) THEN RAISE EXCEPTION 'actions are not taken back once any ran: their results would be lost; to start anew, drop the database' USING ERRCODE = '0A000'; END IF; END $$;
DROP TABLE execution_keys, execution_rollouts, execution_targets, local_executions, executions;
ALTER TABLE event_inbox
    DROP CONSTRAINT event_inbox_kind_check,
    ADD CONSTRAINT event_inbox_kind_check CHECK (kind IN ('node', 'policy', 'domain'));
