"""The ports ring of fleet."""
