"""The demonstration: a control plane and a few dozen simulated agents, with every promise checked as it is shown."""
