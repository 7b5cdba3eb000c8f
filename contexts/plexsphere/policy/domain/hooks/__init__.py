"""Hooks as nodes announce them, and as they were found in their clusters."""
