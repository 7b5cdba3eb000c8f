"""Authorization: what is allowed, and the relations it follows from."""
