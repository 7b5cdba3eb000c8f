-- Fleet: nodes, their addresses and pair-key epochs, what they report (design D13 to D16, D25 to D28, D35).
-- phase: expand
-- depends: 0002_identity

CREATE TABLE meshes (
    domain_id uuid PRIMARY KEY REFERENCES domains (id) ON DELETE CASCADE,
    mesh_cidr cidr NOT NULL,
    next_node_host bigint NOT NULL,
    node_hosts_end bigint NOT NULL,
    next_bridge_host bigint,
    bridge_hosts_end bigint,
    revision bigint NOT NULL DEFAULT 0,
    generation integer NOT NULL DEFAULT 1,
    psk_base_sealed bytea NOT NULL,
    CHECK ((next_bridge_host IS NULL) = (bridge_hosts_end IS NULL))
);
COMMENT ON COLUMN meshes.next_node_host IS 'how far from the network address the next address lies that was never used';
COMMENT ON COLUMN meshes.next_bridge_host IS 'NULL where the range is too small to keep addresses for bridges';
COMMENT ON COLUMN meshes.revision IS 'raised, under this row''s lock, by every change of who is in the mesh or who sees whom';

CREATE TABLE released_addresses (
    domain_id uuid NOT NULL REFERENCES meshes (domain_id) ON DELETE CASCADE,
    address inet NOT NULL,
    pool text NOT NULL CHECK (pool IN ('node', 'bridge')),
    free_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, address)
);
CREATE INDEX released_addresses_free ON released_addresses (domain_id, pool, free_at, address);

CREATE TABLE nodes (
    domain_id uuid NOT NULL REFERENCES meshes (domain_id) ON DELETE CASCADE,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('node', 'bridge')),
    name text NOT NULL,
    hostname text NOT NULL,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    mesh_ip inet NOT NULL,
    endpoint text NOT NULL DEFAULT '',
    nat_type text NOT NULL DEFAULT '',
    psk_epoch bigint NOT NULL DEFAULT 1,
    metadata jsonb NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    revision bigint NOT NULL,
    first_offset bigint,
    reachability text NOT NULL DEFAULT 'never_reported',
    clock_skewed boolean NOT NULL DEFAULT false,
    last_heartbeat_at timestamptz,
    binary_checksum text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (domain_id, id)
) WITH (fillfactor = 70); -- each heartbeat writes its row anew; with room in the page no index is touched
COMMENT ON COLUMN nodes.version IS 'raised by every change of what peers or the node itself are told';
COMMENT ON COLUMN nodes.first_offset IS 'where the first event stream of the node starts (design D23); NULL once it was opened';
CREATE INDEX nodes_by_id ON nodes (id) WHERE removed_at IS NULL;
CREATE INDEX nodes_of_domain ON nodes (domain_id, id) WHERE removed_at IS NULL;
CREATE INDEX nodes_by_revision ON nodes (domain_id, revision);
CREATE INDEX nodes_of_project ON nodes (domain_id, project_id, id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX nodes_hostname ON nodes (domain_id, hostname) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX nodes_public_key ON nodes (domain_id, public_key) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX nodes_mesh_ip ON nodes (domain_id, mesh_ip) WHERE removed_at IS NULL;

CREATE TABLE node_capabilities (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    manifest jsonb NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, node_id),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);

CREATE TABLE node_drift (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    id uuid NOT NULL,
    reported_at timestamptz NOT NULL,
    corrections jsonb NOT NULL,
    PRIMARY KEY (domain_id, node_id, id),
    FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id) ON DELETE CASCADE
);
