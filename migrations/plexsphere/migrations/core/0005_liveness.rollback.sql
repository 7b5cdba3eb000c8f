ALTER TABLE nodes DROP COLUMN last_tick, DROP COLUMN ticked_heartbeat_at, DROP COLUMN silence, DROP COLUMN is_withheld, DROP COLUMN reachability_changed_at;
DROP TABLE mesh_liveness, liveness_pauses, liveness_service, liveness_clock;
