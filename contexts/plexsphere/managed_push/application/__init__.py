"""The application ring of managed push."""
