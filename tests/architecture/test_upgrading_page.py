"""The page of upgrades names what an older process does not know."""

import re
from pathlib import Path
from typing import Final

from plexsphere.platform.events.pruner import KEPT
from plexsphere.platform.kernel.events import SubjectKind

PAGE: Final = (Path(__file__).parents[2] / "docs/operations/upgrading.md").read_text()
# Schema 0008 checks `event_inbox.kind` against these.
KNOWN_TO_0008: Final = {"node", "policy", "domain"}


def test_each_kind_of_row_that_breaks_an_older_process_is_on_the_page() -> None:
    section = PAGE.partition("## From schema 0008 or below\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section))

    assert named == {each.value for each in SubjectKind} - KNOWN_TO_0008
    assert f"{KEPT.days} days after" in section
