"""What hooks and binaries are held to, and what departs from it."""
