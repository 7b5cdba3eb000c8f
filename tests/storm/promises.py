"""What a storm promised, and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: `found` in words, `bar` what it had to come to, `yardstick` what the figure is to be read beside."""

    name: str
    kept: bool
    found: str
    bar: str
    yardstick: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all does not exceed; 0 of none."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)] if values else 0.0


def within(name: str, seconds: float, bar: float, yardstick: str = "") -> Promise:
    """Return the promise that something took no longer than `bar` seconds."""
    return Promise(name, seconds <= bar, f"{seconds:.2f} s", f"<= {bar:g} s", yardstick)


def none(name: str, found: Sequence[object], of: int) -> Promise:
    """Return the promise that there is none among so many."""
    first = f", first: {found[0]}" if found else ""
    return Promise(name, not found, f"{len(found)} of {of}{first}", "0")


def heartbeats(beats: Sequence[Sequence[float]], bar: float = 0.999) -> list[Promise]:
    """Return the promises about heartbeats: that they succeed, and within half a second."""
    good = [seconds for _, seconds, status in beats if status == 200]
    share = len(good) / len(beats) if beats else 0.0
    p99 = percentile(good, 0.99)
    return [
        Promise("heartbeats succeed", share >= bar, f"{share:.4%} of {len(beats)}", f">= {bar:.1%}"),
        Promise("heartbeat p99", p99 <= 0.5, f"{p99 * 1000:.0f} ms", "<= 500 ms"),
    ]
