"""The table of measured figures on docs/limits.md, written from the result file."""

import json
import re
from pathlib import Path
from typing import Any, Final

from tests.bench.figure import FORMS

PAGE: Final = Path("docs/limits.md")
BLOCK: Final = re.compile(r"(<!-- measured -->\n).*(<!-- end -->\n)", re.DOTALL)


def write(document: dict[str, Any], page: Path = PAGE) -> None:
    """Put the figures of a run in place of those that the page shows."""
    page.write_text(BLOCK.sub(lambda found: found[1] + table(document) + found[2], page.read_text()))


def table(document: dict[str, Any]) -> str:
    """Return where and when was measured, and a row for each figure."""
    machine = document["machine"]
    place = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB, "
        f"Linux {machine['kernel']}, "
        f"PostgreSQL {machine['postgresql']}, Python {machine['python']}"
    )
    when = f"{document['at'][:10]}, commit {document['commit'][:12]}"
    head = "| figure | measured | bar | | beside it |\n|---|---|---|---|---|\n"
    rows = "".join(map(_row, document["figures"].values()))
    return f"Measured on {place}; {when}.\n\n{head}{rows}"


def _row(figure: dict[str, Any]) -> str:
    form, yardstick = FORMS[figure["unit"]].format, figure["yardstick"]
    beside = (
        yardstick["name"] if figure["unit"] == "ratio" else f"{yardstick['name']}: {form(yardstick['value'])}"
    )
    mark = "" if figure["bar"] == "reported" else "holds" if figure["holds"] else "misses"
    return f"| {figure['name']} | {form(figure['value'])} | {figure['bar']} | {mark} | {beside} |\n"


if __name__ == "__main__":
    write(json.loads(Path("bench-results.json").read_text()))
