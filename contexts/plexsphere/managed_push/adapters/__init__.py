"""The adapters ring of managed push."""
