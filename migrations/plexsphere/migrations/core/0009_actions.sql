-- Actions: executions with their targets, waves and results, and what nodes ran unasked (design D32; decision 0042).
-- phase: expand
-- depends: 0004_policy

CREATE TABLE executions (
    domain_id uuid NOT NULL REFERENCES meshes (domain_id) ON DELETE CASCADE,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN ('builtin', 'hook')),
    action text COLLATE "C" NOT NULL,
    parameters text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'ack', 'started', 'succeeded', 'failed', 'cancelled', 'timeout')),
    created_by text NOT NULL,
    approve_privileged boolean NOT NULL,
    correlation_id text NOT NULL DEFAULT '',
    size integer NOT NULL CHECK (size >= 1),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (domain_id, id),
    FOREIGN KEY (domain_id, project_id) REFERENCES projects (domain_id, id) ON DELETE CASCADE,
    CONSTRAINT executions_ended CHECK ((ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled', 'timeout')))
);
COMMENT ON COLUMN executions.action IS 'a builtin''s name, or hooks/ and the name';
COMMENT ON COLUMN executions.approve_privileged IS 'whether privileged hooks may run; each wave is held against it';
COMMENT ON COLUMN executions.size IS 'how many targets it was dispatched to';
CREATE INDEX executions_of_project ON executions (domain_id, project_id, id);
CREATE INDEX executions_of_status ON executions (domain_id, project_id, status, id);
CREATE INDEX executions_of_action ON executions (domain_id, project_id, action, status, id);
CREATE INDEX executions_open ON executions (domain_id, id) WHERE ended_at IS NULL;
CREATE INDEX executions_over ON executions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE execution_targets (
    domain_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    node_id uuid NOT NULL,
    wire_name text NOT NULL,
    checksum text NOT NULL,
    parameters text,
    timeout_seconds integer NOT NULL CHECK (timeout_seconds BETWEEN 1 AND 86400),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'ack', 'started', 'succeeded', 'failed', 'cancelled', 'timeout')),
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    deadline timestamptz,
    ended_at timestamptz,
    report jsonb,
    note jsonb,
    PRIMARY KEY (domain_id, execution_id, node_id),
    FOREIGN KEY (domain_id, execution_id) REFERENCES executions (domain_id, id) ON DELETE CASCADE,
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE,
    CONSTRAINT execution_targets_released CHECK ((released_at IS NULL) = (deadline IS NULL)),
    CONSTRAINT execution_targets_ended CHECK ((ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled', 'timeout'))),
    CONSTRAINT execution_targets_reported CHECK (report IS NULL OR (ended_at IS NOT NULL AND released_at IS NOT NULL))
) WITH (fillfactor = 80); -- each target is written a few times
COMMENT ON COLUMN execution_targets.parameters IS 'NULL where they are the execution''s';
COMMENT ON COLUMN execution_targets.released_at IS 'NULL until a wave takes it: nobody is told of it before';
COMMENT ON COLUMN execution_targets.deadline IS 'when it must have been taken up; once it was, when it must have ended';
COMMENT ON COLUMN execution_targets.report IS 'the result that ended it';
COMMENT ON COLUMN execution_targets.note IS 'the first result that did not end it, too early or too late, and says something else';
CREATE INDEX execution_targets_open ON execution_targets (domain_id, execution_id, node_id) WHERE ended_at IS NULL;
-- Whole, though only open targets are asked for by it: a node that goes takes its targets along.
CREATE INDEX execution_targets_of_node ON execution_targets (domain_id, node_id, ended_at);
CREATE INDEX execution_targets_overdue ON execution_targets (deadline) WHERE ended_at IS NULL;

CREATE TABLE execution_rollouts (
    domain_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    canary integer NOT NULL CHECK (canary >= 0),
    percent integer NOT NULL CHECK (percent BETWEEN 1 AND 100),
    max_failures integer NOT NULL CHECK (max_failures >= 0),
    closes_at timestamptz NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_over boolean NOT NULL DEFAULT false,
    PRIMARY KEY (domain_id, execution_id),
    FOREIGN KEY (domain_id, execution_id) REFERENCES executions (domain_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE execution_rollouts IS 'the waves of an execution; whoever releases one holds this row';
COMMENT ON COLUMN execution_rollouts.closes_at IS 'when what is not released by then is cancelled';
CREATE INDEX execution_rollouts_going_on ON execution_rollouts (looked_at) WHERE NOT is_over;

CREATE TABLE execution_keys (
    domain_id uuid NOT NULL,
    project_id uuid NOT NULL,
    principal text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL CHECK (key ~ '^[ -~]{1,255}$'),
    body_digest bytea NOT NULL,
    execution_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (domain_id, project_id, principal, key),
    FOREIGN KEY (domain_id, project_id) REFERENCES projects (domain_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE execution_keys IS 'Idempotency-Key of dispatches: which execution a repeat is answered with';
CREATE INDEX execution_keys_age ON execution_keys (created_at);

CREATE TABLE local_executions (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (id ~ '^[A-Za-z0-9._-]{1,64}$'),
    report jsonb NOT NULL,
    note jsonb,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (domain_id, node_id, id),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE local_executions IS 'results of actions that nobody dispatched: a session or somebody on the node ran them';
CREATE INDEX local_executions_newest ON local_executions (domain_id, node_id, recorded_at);
CREATE INDEX local_executions_age ON local_executions (recorded_at);

ALTER TABLE event_inbox
    DROP CONSTRAINT event_inbox_kind_check,
    ADD CONSTRAINT event_inbox_kind_check CHECK (kind IN ('node', 'policy', 'domain', 'execution', 'offers')) NOT VALID;
