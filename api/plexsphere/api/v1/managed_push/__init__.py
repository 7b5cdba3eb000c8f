"""Managed push: writes of PlexdHooks into a Domain's customer cluster, for Domains that opted in."""
