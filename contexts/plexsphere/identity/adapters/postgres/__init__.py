"""What identity keeps in PostgreSQL."""
