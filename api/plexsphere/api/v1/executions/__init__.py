"""Actions as operators dispatch them: executions, their targets, and what nodes ran by themselves."""
