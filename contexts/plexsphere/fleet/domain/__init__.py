"""The domain ring of fleet."""
