"""The ports ring of policy."""
