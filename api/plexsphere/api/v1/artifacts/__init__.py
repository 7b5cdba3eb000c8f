"""Artifacts: released binaries of the agent, for operators to put and for nodes to fetch."""
