"""What artifacts need from outside."""
