"""The ports of policy on PostgreSQL."""
