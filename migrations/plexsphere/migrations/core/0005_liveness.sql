-- Liveness: ticked time, when each node was last heard by it, and whom the guard withholds (design D26, D27).
-- phase: expand
-- depends: 0004_policy

CREATE TABLE liveness_clock (
    is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only),
    tick bigint NOT NULL DEFAULT 0 CHECK (tick >= 0),
    beats bigint NOT NULL DEFAULT 0,
    holder uuid
);
COMMENT ON COLUMN liveness_clock.tick IS 'milliseconds for which some process vouches that heartbeats could be recorded';
COMMENT ON COLUMN liveness_clock.beats IS 'raised by the holder; who sees it stand still for a while takes over';
INSERT INTO liveness_clock DEFAULT VALUES;

CREATE TABLE liveness_service (
    is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only),
    beats bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN liveness_service.beats IS 'raised each second by every process that records heartbeats';
INSERT INTO liveness_service DEFAULT VALUES;

CREATE TABLE liveness_pauses (
    seconds integer PRIMARY KEY CHECK (seconds >= 1),
    ended_at_tick bigint NOT NULL
);
COMMENT ON TABLE liveness_pauses IS 'of every length the last pause of the ticks, as long as no longer one came after it';

CREATE TABLE mesh_liveness (
    domain_id uuid PRIMARY KEY REFERENCES meshes (domain_id) ON DELETE CASCADE,
    passes_until_tick bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN mesh_liveness.passes_until_tick IS 'departures were confirmed: until then the guard lets pass';

ALTER TABLE nodes
    ADD COLUMN last_tick bigint NOT NULL DEFAULT 0,
    ADD COLUMN ticked_heartbeat_at timestamptz,
    ADD COLUMN silence text NOT NULL DEFAULT 'none' CHECK (silence IN ('none', 'stale', 'unreachable')),
    ADD COLUMN is_withheld boolean NOT NULL DEFAULT false,
    ADD COLUMN reachability_changed_at timestamptz;
COMMENT ON COLUMN nodes.last_tick IS 'the tick of the last heartbeat; in no index, so that heartbeats stay cheap';
COMMENT ON COLUMN nodes.is_withheld IS 'unreachable, yet its peers keep it until that is confirmed (design D27)';
COMMENT ON COLUMN nodes.ticked_heartbeat_at IS 'the heartbeat that last_tick is of; another one was recorded by a process that knows no ticks';
