"""The application ring of policy."""
