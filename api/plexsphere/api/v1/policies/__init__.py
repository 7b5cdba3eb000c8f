"""Network policies: which nodes of a Project see each other."""
