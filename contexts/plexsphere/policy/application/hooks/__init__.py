"""Use cases of announced and of discovered hooks."""
