"""The audit trail and its hash chains (design D33)."""
