"""Places where a process that is rehearsed fails on purpose; none of it is loaded by any other process."""
