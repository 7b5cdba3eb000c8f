DROP TABLE authz_mirrors, authz_outbox, relation_tuples, credential_epochs, signing_keys, node_identities, bootstrap_tokens, api_tokens, principals, projects, domains;
