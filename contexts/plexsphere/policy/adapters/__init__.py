"""The adapters ring of policy."""
