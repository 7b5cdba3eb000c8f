"""API tokens, one's own and others', and who one is."""
