"""The ports ring of managed push."""
