"""The requests and answers of the endpoint table (plexd.md, Control Plane API Endpoints)."""
