"""The domain ring of observability."""
