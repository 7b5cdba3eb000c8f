"""Instants as text (RFC 3339)."""

import re
from datetime import UTC, datetime
from typing import Final

_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def print_instant(instant: datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """
    Read an RFC 3339 instant; digits below the microsecond are cut off.

    Raises:
        ValueError: another form, or no such instant.
    """
    base, fraction, offset = _parts(text)
    return datetime.fromisoformat(f"{base}.{(fraction + '000000')[:6]}{offset}")


def canonical_instant(text: str) -> str:
    """
    Return the one spelling of an instant that is signed: no trailing zeros in the fraction, offset zero as `Z`.

    Raises:
        ValueError: not an RFC 3339 instant.
    """
    base, fraction, offset = _parts(text)
    digits = fraction.rstrip("0")
    return base + (f".{digits}" if digits else "") + ("Z" if offset[1:] == "00:00" else offset)


def _parts(text: str) -> tuple[str, str, str]:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 instant")
    return match[1], match[2] or "", match[3]
