"""The agent's own binary, compared with what was released of its version (plexd.md, Binary Integrity)."""

from enum import StrEnum
from typing import Final

from plexsphere.policy.domain.hooks.digest import PREFIX, canonical

# What violations found here are of; agents name paths in their own reports.
PLEXD: Final = "plexd"


class BinaryStatus(StrEnum):
    """What is known of a node's binary."""

    MATCH = "match"
    DRIFT = "drift"
    UNKNOWN = "unknown"


def bare(checksum: str) -> str:
    """Return the digits of a digest in either spelling, and any other text as it came."""
    return canonical(checksum).removeprefix(PREFIX)


def binary_status(checksum: str, known_good: frozenset[str]) -> BinaryStatus:
    """Return how a checksum compares; nothing is known of a version without releases, or without a checksum."""
    if not checksum or not known_good:
        return BinaryStatus.UNKNOWN
    is_good = bare(checksum) in known_good
    return BinaryStatus.MATCH if is_good else BinaryStatus.DRIFT
