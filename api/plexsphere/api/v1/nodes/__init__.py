"""Nodes as operators see and change them, and the topology of their mesh."""
