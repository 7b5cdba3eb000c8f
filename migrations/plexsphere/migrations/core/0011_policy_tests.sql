-- Policy tests, kept with the revision that brought them (decision 0045); what a Domain's nodes are told to note of denied packets.
-- phase: expand
-- depends: 0004_policy

ALTER TABLE network_policy_revisions
    ADD COLUMN tests jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tests) = 'array');
COMMENT ON COLUMN network_policy_revisions.tests IS 'they go with the revision, so a deleted policy leaves none';

ALTER TABLE domains ADD COLUMN log_denied boolean NOT NULL DEFAULT true;
ALTER TABLE meshes ADD COLUMN log_denied boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN meshes.log_denied IS 'the Domain says so; kept here, too, where the views of the mesh are read from';
