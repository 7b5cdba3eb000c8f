"""The policy bounded context."""
