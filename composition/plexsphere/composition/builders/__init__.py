"""Typed builder functions the container points at, one module per context."""
