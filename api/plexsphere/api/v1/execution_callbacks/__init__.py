"""What nodes tell of the actions they were asked to run (plexd.md, Action Execution Callbacks)."""
