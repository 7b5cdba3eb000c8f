"""The application ring of fleet."""
