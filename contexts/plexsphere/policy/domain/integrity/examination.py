"""An announcement's hooks, compared with the node's baselines (design D30)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from plexsphere.policy.domain.hooks.manifest import DeclaredHook
from plexsphere.policy.domain.integrity.pin import Pin

# Baselines survive the hooks: a node that announces ever new names must not fill the table.
MOST_BASELINES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Departure:
    """A hook that is not what its baseline says."""

    hook_name: str
    baseline: Pin
    seen: Pin


@dataclass(frozen=True, slots=True)
class Examination:
    """
    What follows from an announcement.

    `pins` are baselines to be written: hooks seen for the first time, and first digests of hooks that had told none.
    `homeless` are hooks beyond the node's 4,096 baselines, and names that stand for two different hooks: what cannot be
    held to one thing cannot be asked for.
    """

    pins: Mapping[str, Pin]
    departures: Mapping[str, Departure]
    homeless: frozenset[str]


def examined(hooks: Iterable[DeclaredHook], baselines: Mapping[str, Pin]) -> Examination:
    """
    Return what follows from a node's hooks.

    Of two of one name both are looked at, so that a name cannot hide a second digest behind the first.
    """
    examiner = _Examiner(baselines)
    for hook in hooks:
        examiner.look_at(hook.definition.name, Pin.of(hook))
    return Examination(examiner.pins, examiner.departures, frozenset(examiner.homeless))


class _Examiner:
    def __init__(self, baselines: Mapping[str, Pin]) -> None:
        self._baselines: Final = baselines
        self.pins: Final[dict[str, Pin]] = {}
        self.departures: Final[dict[str, Departure]] = {}
        self.homeless: Final[set[str]] = set()
        self._shown: Final[dict[str, Pin]] = {}

    def look_at(self, name: str, seen: Pin) -> None:
        if self._shown.setdefault(name, seen) != seen:
            self.homeless.add(name)
        baseline = self.pins.get(name) or self._baselines.get(name)
        if baseline is None:
            self._pin_first(name, seen)
        elif seen.departs_from(baseline):
            self.departures.setdefault(name, Departure(name, baseline, seen))
        elif baseline.completed_by(seen) != baseline:
            self.pins[name] = baseline.completed_by(seen)

    def _pin_first(self, name: str, seen: Pin) -> None:
        if len(self._baselines) + len(self.pins) < MOST_BASELINES:
            self.pins[name] = seen
        else:
            self.homeless.add(name)
