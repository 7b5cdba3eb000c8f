"""Actions: what nodes are asked to do, and what became of it."""
