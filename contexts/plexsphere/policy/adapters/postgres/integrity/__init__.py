"""Baselines and violations in PostgreSQL."""
