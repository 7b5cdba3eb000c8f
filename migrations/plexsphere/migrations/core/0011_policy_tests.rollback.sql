ALTER TABLE meshes DROP COLUMN log_denied;
ALTER TABLE domains DROP COLUMN log_denied;
ALTER TABLE network_policy_revisions DROP COLUMN tests;
