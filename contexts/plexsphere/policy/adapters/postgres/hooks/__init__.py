"""Announced actions and discovered hooks in PostgreSQL."""
