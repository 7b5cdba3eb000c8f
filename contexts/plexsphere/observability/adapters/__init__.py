"""The adapters ring of observability."""
