"""What a node knows and how events and reconciliation change it; no input or output."""
