-- Hooks: what nodes announce, what was discovered in their clusters, baselines and violations (design D29, D30; decision 0044).
-- phase: expand
-- depends: 0004_policy

CREATE TABLE node_announcements (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    project_id uuid NOT NULL,
    digest bytea CHECK (octet_length(digest) = 32),
    binary_version text COLLATE "C" NOT NULL,
    binary_checksum text COLLATE "C" NOT NULL,
    announced_checksum text COLLATE "C" NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, node_id),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN node_announcements.digest IS 'SHA-256 of the manifest: one that says what the last one said changes nothing; NULL where it is compared all the same';
COMMENT ON COLUMN node_announcements.binary_checksum IS 'as announced, or as a later heartbeat told it';
COMMENT ON COLUMN node_announcements.announced_checksum IS 'as announced together with the version';
CREATE INDEX node_announcements_of_project ON node_announcements (domain_id, project_id, node_id);

-- Longer ones are no release's, and would not fit into an index.
CREATE INDEX node_announcements_of_version ON node_announcements (binary_version, domain_id, node_id) WHERE octet_length(binary_version) <= 64;

CREATE TABLE judged_releases (
    version text COLLATE "C" PRIMARY KEY,
    judged_at timestamptz NOT NULL
);
COMMENT ON COLUMN judged_releases.judged_at IS 'the nodes of the version were compared with what was released of it until then';

CREATE TABLE announced_actions (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type IN ('builtin', 'hook')),
    name text COLLATE "C" NOT NULL,
    definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    is_excused boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (domain_id, node_id, type, name),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN announced_actions.is_excused IS 'accepted before somebody acknowledged a report of the hook: compared with its new baseline once it is announced again';

CREATE TABLE discovered_hooks (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    project_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    image_digest text COLLATE "C" NOT NULL,
    image_digest_match boolean NOT NULL,
    is_listed boolean NOT NULL CHECK (NOT is_listed OR image_digest ~ '^sha256:[0-9a-f]{64}$'),
    PRIMARY KEY (domain_id, node_id, name),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN discovered_hooks.is_listed IS 'the digest has the canonical form; any other text is kept and never shown';
CREATE INDEX discovered_hooks_listed ON discovered_hooks (node_id, name) WHERE is_listed;
CREATE INDEX discovered_hooks_of_domain ON discovered_hooks (domain_id, node_id, name) WHERE is_listed;
CREATE INDEX discovered_hooks_of_project ON discovered_hooks (project_id, node_id, name) WHERE is_listed;
CREATE INDEX discovered_hooks_diverging ON discovered_hooks (node_id, name) WHERE is_listed AND NOT image_digest_match;

CREATE TABLE hook_baselines (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    hook_name text COLLATE "C" NOT NULL,
    checksum text COLLATE "C" NOT NULL,
    sandbox text COLLATE "C" NOT NULL CHECK (sandbox IN ('none', 'namespaced', 'container')),
    privileged boolean NOT NULL,
    pinned_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, node_id, hook_name),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE hook_baselines IS 'what was first seen of each hook of a node, or last acknowledged; survives the removal of the hook';

CREATE TABLE integrity_violations (
    domain_id uuid NOT NULL,
    id uuid NOT NULL,
    node_id uuid NOT NULL,
    project_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('binary', 'hook', 'host_key')),
    artifact_id text COLLATE "C" NOT NULL CHECK (octet_length(artifact_id) BETWEEN 1 AND 2048),
    status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'acknowledged', 'resolved')),
    detected_by text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    expected text COLLATE "C" NOT NULL,
    observed text COLLATE "C" NOT NULL,
    observed_sandbox text COLLATE "C",
    observed_privileged boolean,
    detected_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledge_reason text,
    PRIMARY KEY (domain_id, id),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE,
    CONSTRAINT integrity_violations_acknowledged CHECK (
        (status = 'acknowledged') = (acknowledged_at IS NOT NULL AND acknowledged_by IS NOT NULL AND acknowledge_reason IS NOT NULL)
    )
);
COMMENT ON COLUMN integrity_violations.observed_sandbox IS 'NULL where only a checksum was reported: then a baseline keeps its own';
CREATE UNIQUE INDEX integrity_violations_standing ON integrity_violations (domain_id, node_id, kind, artifact_id) WHERE status <> 'acknowledged';
CREATE INDEX integrity_violations_of ON integrity_violations (domain_id, node_id, kind, artifact_id);
CREATE INDEX integrity_violations_by_id ON integrity_violations (id);
CREATE INDEX integrity_violations_of_project ON integrity_violations (project_id, id);
