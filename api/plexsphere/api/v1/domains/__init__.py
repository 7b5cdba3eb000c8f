"""Domains: the tenants."""
