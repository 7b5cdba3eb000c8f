"""Durations as the contract writes them: `30s`, `5m`, `1h30m`."""

import re
from typing import Final

SECONDS_OF: Final = {"h": 3600, "m": 60, "s": 1}
LONGEST: Final = 32

_WHOLE: Final = re.compile(r"(?:[0-9]{1,9}[hms])+", re.ASCII)
_PART: Final = re.compile(r"([0-9]+)([hms])", re.ASCII)


def read_seconds(text: str) -> int:
    """
    Return the seconds of a duration.

    Raises:
        ValueError: not numbers with the units h, m and s, or no whole second.
    """
    if len(text) > LONGEST or _WHOLE.fullmatch(text) is None:
        raise ValueError("not a duration in whole seconds")
    return sum(int(number) * SECONDS_OF[unit] for number, unit in _PART.findall(text))


def write_seconds(seconds: int) -> str:
    """Return the shortest text of a duration."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
