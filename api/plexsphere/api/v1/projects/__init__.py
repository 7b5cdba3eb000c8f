"""Projects: the parts of a Domain."""
