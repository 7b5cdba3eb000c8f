"""What was measured, beside its yardstick and its bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

FORMS: Final = {"ratio": "{:.2f}", "ms": "{:.1f} ms", "KiB": "{:.1f} KiB", "/s": "{:.0f}/s"}


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to come to; without a value it is reported only."""

    value: float | None = None
    at_least: bool = False

    def holds(self, found: float) -> bool:
        """Tell whether a figure holds it."""
        if self.value is None:
            return True
        return found >= self.value if self.at_least else found <= self.value

    def told(self, unit: str) -> str:
        """Return it in words."""
        if self.value is None:
            return "reported"
        return f"{'>=' if self.at_least else '<='} {FORMS[unit].format(self.value)}"


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU milliseconds of one unit of what was measured: the server's, and PostgreSQL's."""

    server: float
    postgres: float

    def __str__(self) -> str:
        return f"CPU: server {self.server:.3f} ms, PostgreSQL {self.postgres:.3f} ms"


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A measured figure; `yardstick` is what the same came to in the same run with nothing of ours behind it.

    `key` names it in the result file. `spent` is for each request, commit or stream.
    """

    key: str
    name: str
    value: float
    unit: str
    bar: Bar
    yardstick: float
    yardstick_name: str
    spent: Spent
    beside: str = ""

    @property
    def holds(self) -> bool:
        """Tell whether the figure comes to its bar."""
        return self.bar.holds(self.value)

    def lines(self) -> list[str]:
        """Return it for a person."""
        mark = "holds" if self.holds else "MISSES"
        form = FORMS[self.unit].format
        yardstick = (
            self.yardstick_name if self.unit == "ratio" else f"{self.yardstick_name}: {form(self.yardstick)}"
        )
        return [
            f"{self.name}: {form(self.value)} ({mark}: {self.bar.told(self.unit)})",
            *(
                line
                for line in (f"  beside {yardstick}", f"  {self.spent}", f"  {self.beside}")
                if line.strip()
            ),
        ]

    def document(self) -> dict[str, Any]:
        """Return it for the result file."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "bar": self.bar.told(self.unit),
            "holds": self.holds,
            "yardstick": {"name": self.yardstick_name, "value": round(self.yardstick, 3)},
            "ratio_to_yardstick": round(self.value / self.yardstick, 3) if self.yardstick else None,
            "cpu_ms": {"server": round(self.spent.server, 3), "postgres": round(self.spent.postgres, 3)},
            "beside": self.beside,
        }


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return median(values)


def middle_spent(rounds: Sequence[Spent]) -> Spent:
    """Return the medians of what was spent."""
    return Spent(middle([each.server for each in rounds]), middle([each.postgres for each in rounds]))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]
