"""The ports of fleet on PostgreSQL."""
