"""What the integrity of nodes needs from outside."""
