-- Which stream of a node is the newest, whichever process serves it (design D24). Numbers are given under the lock of
-- one row, so that whoever reads behind a number misses none that commits later.
-- phase: expand
-- depends: 0005_liveness

CREATE TABLE stream_claim_head (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    last_number bigint NOT NULL DEFAULT 0
);
INSERT INTO stream_claim_head DEFAULT VALUES;

CREATE TABLE stream_claims (
    domain_id uuid NOT NULL,
    node_id uuid NOT NULL,
    number bigint NOT NULL,
    stream_id uuid NOT NULL,
    PRIMARY KEY (domain_id, node_id)
);
COMMENT ON TABLE stream_claims IS 'the newest stream of each node; a node that left keeps its row for an hour at most';
CREATE INDEX stream_claims_number ON stream_claims (number);
