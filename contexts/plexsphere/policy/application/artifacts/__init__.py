"""Use cases of artifacts."""
