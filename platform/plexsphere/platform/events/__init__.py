"""The event log, its sequencer and its followers (design D17 to D23)."""
