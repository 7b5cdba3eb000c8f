"""The Plexsphere node agent."""
