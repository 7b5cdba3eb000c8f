"""The fleet bounded context."""
