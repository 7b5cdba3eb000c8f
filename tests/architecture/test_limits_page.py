"""docs/limits.md says what the code says, and what `make bench` measured last."""

import json
import re
from datetime import timedelta
from functools import reduce
from importlib import import_module
from typing import Any, Final

import pytest

from plexsphere.composition.settings import Settings
from tests.architecture.tree import ROOT
from tests.bench.page import BLOCK, table

PAGE: Final = (ROOT / "docs/limits.md").read_text()
FILE: Final = ROOT / "bench-results.json"
RESULTS: Final = json.loads(FILE.read_text())
CONSTANT: Final = re.compile(r"^\| ([^|]+) \| ([\d,]+)(?: (\w+))? \| `([\w.]+)` \|.*\|$", re.MULTILINE)
RATE: Final = re.compile(r"^\| [^|]+ \| ([\d,]+) \| `(PLEXSPHERE_\w+)` \|$", re.MULTILINE)
UNITS: Final = {"": 1, "bytes": 1, "s": 1, "KiB": 1024, "days": 86_400}
MISSING: Final = "## Where a bar is missed"
NEEDED: Final = {"PLEXSPHERE_DSN": "postgresql:///", "PLEXSPHERE_NSK_WRAP_KEY_B64": "A" * 43 + "="}


def value_of(dotted: str) -> Any:
    """The value of a constant, or of an attribute of one."""
    parts = dotted.split(".")
    place = next(number for number, part in enumerate(parts) if part.isupper())
    value = reduce(getattr, parts[place:], import_module(".".join(parts[:place])))
    return value.total_seconds() if isinstance(value, timedelta) else value


@pytest.mark.parametrize(("what", "number", "unit", "name"), CONSTANT.findall(PAGE))
def test_each_number_of_the_page_is_the_one_in_the_code(what: str, number: str, unit: str, name: str) -> None:
    assert int(number.replace(",", "")) * UNITS[unit] == value_of(name), what


@pytest.mark.parametrize(("number", "variable"), RATE.findall(PAGE))
def test_each_rate_of_the_page_is_what_holds_where_nothing_is_set(number: str, variable: str) -> None:
    settings = Settings.from_environ(NEEDED)

    assert getattr(settings, variable.removeprefix("PLEXSPHERE_").lower()) == int(number.replace(",", ""))


def test_every_row_with_a_number_was_compared() -> None:
    found = CONSTANT.findall(PAGE), RATE.findall(PAGE)
    above = PAGE[: PAGE.index("## Measured")]

    assert sum(map(len, found)) == len(re.findall(r"^\| [^|]+ \| \d", above, re.MULTILINE)) > 20


def test_the_measured_figures_are_those_of_the_result_file() -> None:
    """`make bench` writes both; `python -m tests.bench.page` writes the page again."""
    found = BLOCK.search(PAGE)

    assert found is not None
    shown = found[0].removeprefix(found[1]).removesuffix(found[2])
    assert shown == table(RESULTS)


def test_a_bar_that_is_missed_is_explained() -> None:
    reasons = PAGE.partition(MISSING)[2]

    for key, figure in RESULTS["figures"].items():
        assert figure["holds"] or f"`{key}`" in reasons, figure["name"]


def test_the_result_file_says_where_and_what_was_measured() -> None:
    assert re.match(r"[0-9a-f]{40}\b", RESULTS["commit"])
    assert {"processor", "cores", "memory_gib", "kernel", "python", "postgresql"} <= set(RESULTS["machine"])
