"""Discovered hooks, listed across Domains (hooks-http-api.md)."""
