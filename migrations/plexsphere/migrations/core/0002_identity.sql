-- Identity: who exists, what they may do, and the credentials they prove it with (design D8 to D12).
-- phase: expand
-- depends: 0001_platform

CREATE TABLE domains (
    id uuid PRIMARY KEY,
    slug text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    region text,
    mesh_cidr cidr NOT NULL,
    heartbeat_interval_seconds integer NOT NULL DEFAULT 30 CHECK (heartbeat_interval_seconds > 0),
    accept_nsk_bearer boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE projects (
    domain_id uuid NOT NULL REFERENCES domains (id),
    id uuid NOT NULL,
    slug text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, id),
    UNIQUE (domain_id, slug)
);
CREATE INDEX projects_by_id ON projects (id);
CREATE INDEX projects_by_slug ON projects (slug, id);

CREATE TABLE principals (
    id uuid PRIMARY KEY,
    domain_id uuid REFERENCES domains (id),
    kind text NOT NULL CHECK (kind IN ('user', 'service-identity')),
    display_name text NOT NULL,
    external_subject text NOT NULL DEFAULT '',
    audience text NOT NULL DEFAULT '',
    federation_kind text NOT NULL DEFAULT 'api_token',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN principals.domain_id IS 'NULL for a principal of the platform itself';
CREATE UNIQUE INDEX principals_external_subject ON principals (domain_id, external_subject) WHERE external_subject <> '';
CREATE INDEX principals_of_domain ON principals (domain_id, created_at DESC, id DESC);

CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    env_prefix text NOT NULL,
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    rotated_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_of_principal ON api_tokens (principal_id, created_at);

CREATE TABLE bootstrap_tokens (
    domain_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('node', 'bridge')),
    env_prefix text NOT NULL,
    labels jsonb NOT NULL DEFAULT '{}',
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    issued_at timestamptz NOT NULL,
    issued_by uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    consumed_by uuid,
    revoked_at timestamptz,
    PRIMARY KEY (domain_id, id),
    FOREIGN KEY (domain_id, project_id) REFERENCES projects (domain_id, id) ON DELETE CASCADE,
    CHECK ((consumed_at IS NULL) = (consumed_by IS NULL))
);
CREATE INDEX bootstrap_tokens_by_id ON bootstrap_tokens (id);
CREATE INDEX bootstrap_tokens_of_project ON bootstrap_tokens (domain_id, project_id, id);

CREATE TABLE node_identities (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    bootstrap_token_id uuid NOT NULL,
    public_key bytea NOT NULL,
    hostname text NOT NULL,
    token_sha256 bytea NOT NULL CHECK (octet_length(token_sha256) = 32),
    nsk_sha256 bytea NOT NULL CHECK (octet_length(nsk_sha256) = 32),
    nsk_sealed bytea NOT NULL,
    nsk_version integer NOT NULL DEFAULT 1,
    registered_at timestamptz NOT NULL,
    first_used_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (domain_id, node_id)
);
COMMENT ON COLUMN node_identities.public_key IS 'as registered; with the hostname it proves a repeated registration (design D10)';
CREATE INDEX node_identities_by_node ON node_identities (node_id);
CREATE INDEX node_identities_by_nsk ON node_identities (nsk_sha256);
CREATE UNIQUE INDEX node_identities_by_token ON node_identities (domain_id, bootstrap_token_id);

CREATE TABLE signing_keys (
    id uuid PRIMARY KEY,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    private_sealed bytea NOT NULL,
    status text NOT NULL CHECK (status IN ('current', 'previous')),
    created_at timestamptz NOT NULL,
    transition_expires timestamptz
);
CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys (status) WHERE status = 'current';

CREATE TABLE credential_epochs (
    id integer PRIMARY KEY CHECK (id = 1),
    epoch bigint NOT NULL
);
COMMENT ON TABLE credential_epochs IS 'one row; every revocation raises it in its own transaction (design D9)';
INSERT INTO credential_epochs (id, epoch) VALUES (1, 1);

CREATE TABLE relation_tuples (
    id uuid PRIMARY KEY,
    project_id uuid,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    relation text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (object_type, object_id, relation, subject_type, subject_id)
);
CREATE INDEX relation_tuples_by_subject ON relation_tuples (subject_type, subject_id);
CREATE INDEX relation_tuples_of_project ON relation_tuples (project_id, id) WHERE project_id IS NOT NULL;

CREATE TABLE authz_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation text NOT NULL CHECK (operation IN ('touch', 'delete')),
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    relation text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL
);

CREATE TABLE authz_mirrors (
    id integer PRIMARY KEY CHECK (id = 1),
    mirrored_id bigint NOT NULL DEFAULT 0,
    zed_token text NOT NULL DEFAULT ''
);
INSERT INTO authz_mirrors (id) VALUES (1);
