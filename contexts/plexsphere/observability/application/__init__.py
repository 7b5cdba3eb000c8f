"""The application ring of observability."""
