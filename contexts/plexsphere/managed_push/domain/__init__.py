"""The domain ring of managed push."""
