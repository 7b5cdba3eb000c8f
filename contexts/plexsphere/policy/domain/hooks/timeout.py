"""Durations as agents write them: Go's text form."""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

LONGEST_SECONDS: Final = 86_400
LONGEST_TEXT: Final = 64
SECONDS_OF: Final = {
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ns": Decimal("1e-9"),
}
PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)", re.ASCII)


def timeout_seconds(announced: str) -> int | None:
    """Return whole seconds, rounded up, from 1 to a day; None for what is empty, zero or no duration."""
    parts = PART.findall(announced) if len(announced) <= LONGEST_TEXT else []
    if "".join(number + unit for number, unit in parts) != announced:
        return None
    total = sum((Decimal(number) * SECONDS_OF[unit] for number, unit in parts), Decimal(0))
    if not total:
        return None
    return min(int(total.to_integral_value(ROUND_CEILING)), LONGEST_SECONDS)
