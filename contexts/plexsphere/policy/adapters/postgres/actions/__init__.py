"""The ports of actions on PostgreSQL."""
