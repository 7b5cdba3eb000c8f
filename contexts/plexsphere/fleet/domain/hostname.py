"""Hostnames, folded (design D10)."""

import re
from typing import Final, NewType

from plexsphere.fleet.domain.errors import InvalidHostname

Hostname = NewType("Hostname", str)

LONGEST: Final = 253
LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def hostname(text: str) -> Hostname:
    """
    Return the hostname in lower case.

    Raises:
        InvalidHostname: not RFC 1123: labels of 1 to 63 letters, digits and inner hyphens, 253 characters at most.
    """
    if not text.isascii() or not 0 < len(text) <= LONGEST:
        raise InvalidHostname
    folded = text.lower()
    if not all(LABEL.fullmatch(label) for label in folded.split(".")):
        raise InvalidHostname
    return Hostname(folded)
