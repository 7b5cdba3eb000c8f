DROP TABLE node_drift, node_capabilities, nodes, released_addresses, meshes;
