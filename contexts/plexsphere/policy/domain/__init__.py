"""The domain ring of policy."""
