"""What actions need from outside."""
