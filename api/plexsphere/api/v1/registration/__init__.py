"""POST /v1/register: a machine enrols (plexd.md, Registration)."""
