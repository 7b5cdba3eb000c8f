"""Use cases of actions and executions."""
