"""The calls a node makes, over one shared HTTP session."""
