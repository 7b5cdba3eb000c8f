"""Identities: who can hold a grant in a Domain."""
