"""The ports ring of observability."""
