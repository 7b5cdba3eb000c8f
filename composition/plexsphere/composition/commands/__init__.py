"""The commands of `plexsphere`, one a file."""
