"""The observability bounded context."""
