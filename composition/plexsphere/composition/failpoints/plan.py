"""What PLEXSPHERE_FAILPOINTS says: where this process fails, how, and when."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from plexsphere.composition.failpoints.places import ALL
from plexsphere.composition.settings import FAILPOINTS_VAR, SettingsError

EXAMPLE: Final = "request.after-commit=kill@3;follower.rows-read=pause:2s;events.stored=error%5"
ONE: Final = re.compile(
    r"(?P<place>[a-z.-]+)=(?P<deed>kill|error|pause:(?P<seconds>[0-9]{1,3}(\.[0-9]{1,3})?)s)"
    r"(@(?P<nth>[1-9][0-9]{0,5})|%(?P<percent>[1-9][0-9]?))?"
)


class Deed(Enum):
    """What happens at a place."""

    KILL = "kill"
    ERROR = "error"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Failure:
    """One deed: at the `nth` passage alone, or in `percent` of them; each time where neither is said."""

    place: str
    deed: Deed
    seconds: float = 0.0
    nth: int | None = None
    percent: int | None = None


def plan_of(text: str) -> dict[str, Failure]:
    """
    Read `place=deed`, several with semicolons between; a deed is `kill`, `error` or `pause:2s`, then `@3` or `%5`.

    Raises:
        SettingsError: another form, a place that does not exist, or one named twice.
    """
    failures = [_failure(each) for each in text.split(";")]
    plan = {failure.place: failure for failure in failures}
    if len(plan) < len(failures):
        raise SettingsError(f"{FAILPOINTS_VAR} names a place twice; one deed for each")
    return plan


def _failure(text: str) -> Failure:
    found = ONE.fullmatch(text.strip())
    if found is None:
        raise SettingsError(f"{FAILPOINTS_VAR} cannot be read; set it to something like {EXAMPLE}")
    if found["place"] not in ALL:
        raise SettingsError(f"{FAILPOINTS_VAR} names a place that does not exist; there are {', '.join(ALL)}")
    return Failure(
        found["place"],
        Deed(found["deed"].partition(":")[0]),
        float(found["seconds"] or 0),
        int(found["nth"]) if found["nth"] else None,
        int(found["percent"]) if found["percent"] else None,
    )
