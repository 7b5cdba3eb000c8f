"""The keys a node holds: its pair, its secret key, and whose signatures it trusts."""
