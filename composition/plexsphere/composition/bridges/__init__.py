"""Translation between a surface, or a port of one context, and the context that answers."""
