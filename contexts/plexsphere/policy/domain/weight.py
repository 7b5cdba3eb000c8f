"""Weights of members: additive hashes."""

from typing import Final

WEIGHT_BITS: Final = 128
WEIGHT_MASK: Final = (1 << WEIGHT_BITS) - 1
