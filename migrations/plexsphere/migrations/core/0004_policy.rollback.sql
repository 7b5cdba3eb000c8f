DROP TABLE network_policy_revisions, network_policies;
