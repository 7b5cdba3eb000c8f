"""Artifacts: released binaries of the agent, and what their content is."""
