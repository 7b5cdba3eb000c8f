"""The calls a node makes about itself (plexd.md, Control Plane API Endpoints)."""
