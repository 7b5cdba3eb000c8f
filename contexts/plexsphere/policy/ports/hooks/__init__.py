"""What hooks need from outside."""
