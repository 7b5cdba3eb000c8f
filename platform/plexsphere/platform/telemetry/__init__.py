"""Logs, traces and metrics that never carry a secret."""
