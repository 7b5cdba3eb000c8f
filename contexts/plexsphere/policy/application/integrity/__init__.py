"""Use cases of integrity."""
