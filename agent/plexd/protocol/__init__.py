"""What a node and its control plane say to each other; no operating system."""
