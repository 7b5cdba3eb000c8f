"""The PostgreSQL that plexsphere brings along and runs itself."""
