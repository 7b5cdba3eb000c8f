"""Lengths of time in the notation of the agent's configuration: `72h15m`, `2.34s`."""

import re
from datetime import timedelta
from typing import Final

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART: Final = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(h|ms|m|s|us|µs|ns)", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """
    Read one or more number-unit pairs.

    Raises:
        ValueError: anything else, the empty text included, or a length beyond what a timedelta holds.
    """
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        raise ValueError("not a duration")
    try:
        return timedelta(seconds=sum(float(part[1]) * _SECONDS[part[2]] for part in parts))
    except OverflowError as cause:
        raise ValueError("a duration too long") from cause


def print_uptime(seconds: float) -> str:
    """Return whole hours and minutes, `72h15m`."""
    minutes = int(seconds // 60)
    return f"{minutes // 60}h{minutes % 60}m"


def print_seconds(seconds: float) -> str:
    """Return seconds with two digits, `2.34s`."""
    return f"{seconds:.2f}s"
