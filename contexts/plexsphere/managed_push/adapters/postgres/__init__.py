"""The ports of managed push on PostgreSQL."""
