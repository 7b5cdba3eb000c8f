-- Policy: network policies, every revision kept (design D16; rest contract, policies).
-- phase: expand
-- depends: 0003_fleet

CREATE TABLE network_policies (
    domain_id uuid NOT NULL REFERENCES meshes (domain_id) ON DELETE CASCADE,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    slug text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    head_revision_id uuid NOT NULL,
    head_number bigint NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (domain_id, id),
    FOREIGN KEY (domain_id, project_id) REFERENCES projects (domain_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN network_policies.revision IS 'the mesh revision of the last change, so that a follower reads the difference alone';
COMMENT ON COLUMN network_policies.deleted_at IS 'the row of a deleted policy stays so that followers learn of it; its revisions go';
CREATE INDEX network_policies_of_project ON network_policies (domain_id, project_id, id) WHERE deleted_at IS NULL;
CREATE INDEX network_policies_by_revision ON network_policies (domain_id, revision);
CREATE UNIQUE INDEX network_policies_slug ON network_policies (domain_id, project_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE network_policy_revisions (
    domain_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    parent_id uuid,
    source_selector text NOT NULL,
    destination_selector text NOT NULL,
    rules jsonb NOT NULL CHECK (jsonb_typeof(rules) = 'array'),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    correlation_id text NOT NULL DEFAULT '',
    PRIMARY KEY (domain_id, policy_id, id),
    UNIQUE (domain_id, policy_id, number),
    FOREIGN KEY (domain_id, policy_id) REFERENCES network_policies (domain_id, id) ON DELETE CASCADE
);
