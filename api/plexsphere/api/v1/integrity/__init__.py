"""Integrity violations: reported by nodes, listed and acknowledged by operators."""
