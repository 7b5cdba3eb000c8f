"""The managed-push bounded context."""
