-- Managed push: each Domain's target, the trail of pushes, the journal of intents (managed-push.md, At-rest persistence; decisions 0039, 0040).
-- phase: expand
-- depends: 0002_identity

CREATE TABLE domain_managed_push (
    domain_id uuid PRIMARY KEY REFERENCES domains (id) ON DELETE CASCADE,
    kubeconfig_ciphertext bytea NOT NULL,
    kubeconfig_sha256 text COLLATE "C" NOT NULL CHECK (kubeconfig_sha256 ~ '^[0-9a-f]{64}$'),
    api_server_url text NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT domain_managed_push_sealed CHECK (octet_length(kubeconfig_ciphertext) BETWEEN 28 AND 131072)
);
COMMENT ON COLUMN domain_managed_push.kubeconfig_ciphertext IS 'nonce, ciphertext and tag; bound to the Domain';
COMMENT ON COLUMN domain_managed_push.kubeconfig_sha256 IS 'of the plaintext, for display';

CREATE TABLE domain_hook_push (
    domain_id uuid NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    namespace text COLLATE "C" NOT NULL,
    hook_name text COLLATE "C" NOT NULL,
    pushed_spec jsonb NOT NULL,
    prior_state bytea,
    status text NOT NULL CHECK (status IN ('applied', 'rolled_back')),
    pushed_at timestamptz NOT NULL,
    rolled_back_at timestamptz,
    object_uid text NOT NULL,
    kubeconfig_sha256 text COLLATE "C" NOT NULL CHECK (kubeconfig_sha256 ~ '^[0-9a-f]{64}$'),
    api_server_url text NOT NULL,
    PRIMARY KEY (domain_id, id),
    CONSTRAINT domain_hook_push_sealed CHECK (
        octet_length(prior_state) BETWEEN 28 AND 4194332
        AND coalesce(jsonb_typeof(pushed_spec #> '{parameters,sealed}'), '') = 'string'
    ),
    CONSTRAINT domain_hook_push_rolled_back CHECK ((status = 'rolled_back') = (rolled_back_at IS NOT NULL))
);
COMMENT ON COLUMN domain_hook_push.position IS 'grows with the pushes of an object, which take turns; clocks of two processes may not agree';
COMMENT ON COLUMN domain_hook_push.prior_state IS 'the sealed object as it was; NULL where there was none, and a rollback deletes';
COMMENT ON COLUMN domain_hook_push.pushed_spec IS 'the five fields; in place of the parameters {"sealed": base64}';
CREATE INDEX domain_hook_push_of_object ON domain_hook_push (domain_id, namespace, hook_name, position);

CREATE TABLE managed_push_intents (
    domain_id uuid NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    namespace text COLLATE "C" NOT NULL,
    hook_name text COLLATE "C" NOT NULL,
    push_id uuid NOT NULL,
    deed text NOT NULL CHECK (deed IN ('push', 'rollback')),
    spec jsonb NOT NULL,
    prior_state bytea,
    captured_at timestamptz,
    subject text NOT NULL,
    correlation_id text NOT NULL,
    kubeconfig_sha256 text COLLATE "C" NOT NULL CHECK (kubeconfig_sha256 ~ '^[0-9a-f]{64}$'),
    api_server_url text NOT NULL,
    created_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,
    left_alone_until timestamptz NOT NULL,
    takeovers integer NOT NULL DEFAULT 0 CHECK (takeovers >= 0),
    PRIMARY KEY (domain_id, api_server_url, namespace, hook_name),
    CONSTRAINT managed_push_intents_sealed CHECK (
        octet_length(prior_state) BETWEEN 28 AND 4194332
        AND coalesce(jsonb_typeof(spec #> '{parameters,sealed}'), '') = 'string'
    ),
    CONSTRAINT managed_push_intents_captured CHECK (captured_at IS NOT NULL OR prior_state IS NULL)
);
COMMENT ON COLUMN managed_push_intents.captured_at IS 'when the cluster told what was there; before that nothing was sent';
COMMENT ON COLUMN managed_push_intents.left_alone_until IS 'when the sweeper may take it over';
CREATE INDEX managed_push_intents_overdue ON managed_push_intents (left_alone_until);
