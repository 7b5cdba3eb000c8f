"""The adapters ring of fleet."""
