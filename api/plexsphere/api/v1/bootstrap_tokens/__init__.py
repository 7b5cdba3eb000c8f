"""Bootstrap tokens: each admits one machine."""
