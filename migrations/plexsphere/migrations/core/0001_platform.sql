-- The technical kernel: the event log with its unsequenced inbox (design D17 to D23), the audit trail (D33) and the
-- sealed self-check that tells a wrong wrap key at boot (D11). Tables that grow carry domain_id first.
-- phase: expand

CREATE TABLE event_heads (
    domain_id uuid PRIMARY KEY,
    next_offset bigint NOT NULL DEFAULT 1 CHECK (next_offset >= 1),
    horizon bigint NOT NULL DEFAULT 0 CHECK (horizon >= 0)
);
COMMENT ON COLUMN event_heads.horizon IS 'offsets up to this one were pruned';

CREATE TABLE event_inbox (
    domain_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('node', 'policy', 'domain')),
    subject uuid NOT NULL,
    recipients uuid[],
    frames jsonb NOT NULL,
    reconcile uuid[] NOT NULL DEFAULT '{}',
    reason text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (domain_id, id)
);

CREATE TABLE event_log (
    domain_id uuid NOT NULL,
    log_offset bigint NOT NULL CHECK (log_offset >= 1),
    kind text NOT NULL,
    subject uuid NOT NULL,
    recipients uuid[],
    frames jsonb NOT NULL,
    reconcile uuid[] NOT NULL,
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (domain_id, log_offset)
);
CREATE INDEX event_log_subject ON event_log (domain_id, subject, log_offset);
CREATE INDEX event_log_age ON event_log (recorded_at);

CREATE TABLE event_recipients (
    domain_id uuid NOT NULL,
    recipient uuid NOT NULL,
    log_offset bigint NOT NULL,
    PRIMARY KEY (domain_id, recipient, log_offset)
);

CREATE TABLE event_pruned (
    domain_id uuid NOT NULL,
    addressee uuid NOT NULL,
    log_offset bigint NOT NULL,
    PRIMARY KEY (domain_id, addressee)
);
COMMENT ON TABLE event_pruned IS 'the last pruned offset that was about, or addressed to, a node (design D23)';

CREATE TABLE audit_heads (
    chain_id uuid PRIMARY KEY,
    next_seq bigint NOT NULL DEFAULT 1 CHECK (next_seq >= 1),
    last_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
        CHECK (octet_length(last_hash) = 32)
);

CREATE TABLE audit_inbox (
    chain_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL CHECK (outcome IN ('granted', 'permission_denied')),
    subject text NOT NULL,
    relation text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    caveat_context jsonb NOT NULL,
    correlation_id text NOT NULL,
    PRIMARY KEY (chain_id, id)
);

CREATE TABLE audit_entries (
    chain_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    occurred_at timestamptz NOT NULL,
    outcome text NOT NULL,
    subject text NOT NULL,
    relation text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    caveat_context jsonb NOT NULL,
    correlation_id text NOT NULL,
    canonical_bytes bytea NOT NULL,
    prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    entry_hash bytea NOT NULL CHECK (octet_length(entry_hash) = 32),
    PRIMARY KEY (chain_id, seq)
);

CREATE TABLE sealed_checks (
    purpose text PRIMARY KEY,
    sealed bytea NOT NULL
);
