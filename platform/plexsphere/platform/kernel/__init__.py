"""The shared kernel: ids, time, secrets and the ports every context speaks; standard library only."""
