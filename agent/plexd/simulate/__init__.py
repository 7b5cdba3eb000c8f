"""Thousands of protocol-true nodes in one process."""
