"""What the nodes of a Project announced that they can do."""
