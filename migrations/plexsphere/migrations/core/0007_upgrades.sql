-- Upgrades: how old a process may be, since contractions took away what older ones use (decision 0036).
-- phase: expand
-- depends: 0004_policy

CREATE TABLE schema_floors (
    migration text PRIMARY KEY,
    floor integer NOT NULL CHECK (floor > 0),
    raised_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_floors IS 'one row for each contraction: processes made for a schema below the highest floor do not serve';
