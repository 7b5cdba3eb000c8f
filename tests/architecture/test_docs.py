"""What the documentation names exists, and what it promises to list is listed."""

import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from plexsphere.policy.domain.selector import Selector
from tests.architecture.tree import ROOT

DOCS: Final = ROOT / "docs"
PAGES: Final = sorted(DOCS.rglob("*.md"))
CODE_NAME: Final = re.compile(r"`((?:plexsphere|plexd)(?:\.\w+)+)`")
LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
RECORDS: Final = sorted((DOCS / "decisions").glob("*.md"))
SECTIONS: Final = ["Context", "Options", "Choice", "Cost"]


def resolves(dotted: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def page_name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_code_name_on_the_page_exists(page: Path) -> None:
    named = set(CODE_NAME.findall(page.read_text()))

    assert {name for name in named if not resolves(name)} == set()


@pytest.mark.parametrize(
    "name", ["plexsphere.fleet.domain.nothing", "plexsphere.fleet.domain.node.Nothing", "plexsphere.nowhere"]
)
def test_a_name_that_does_not_exist_is_seen(name: str) -> None:
    assert not resolves(name)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_of_the_page_leads_to_a_file(page: Path) -> None:
    local = [link for link in LINK.findall(page.read_text()) if "://" not in link]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [
            (page.parent / link).resolve() for link in LINK.findall(page.read_text()) if "://" not in link
        ]

    assert set(PAGES) <= reached


def test_every_word_of_the_glossary_has_a_code_name_and_they_stand_in_order() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE
    )
    words = [word for word, _, code in rows if CODE_NAME.search(code)]

    assert len(words) > 40
    assert words == [word for word, *_ in rows if not set(word) <= set("- ") and word != "word"]
    assert words == sorted(words, key=str.casefold)


def test_every_selector_that_the_policy_page_shows_can_be_written() -> None:
    page = (DOCS / "contexts/policy.md").read_text()
    shown = re.findall(
        r"^\| `([^`]+)` \|", page[page.index("| selector |") : page.index("## The index")], re.MULTILINE
    )

    assert len(shown) == 6
    assert [Selector.parse(Selector.parse(each).text) for each in shown] == [
        Selector.parse(each) for each in shown
    ]


def test_no_two_decision_records_have_one_number() -> None:
    numbers = [record.name[:4] for record in RECORDS]

    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("record", RECORDS, ids=page_name)
def test_a_decision_record_tells_context_options_choice_and_cost_on_one_page(record: Path) -> None:
    text = record.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert text.startswith(f"# {record.name[:4]} ")
    assert len(text.splitlines()) <= 60


def test_the_readme_shows_every_migration_that_a_first_start_applies() -> None:
    shown = re.findall(r"^  migrated (\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    there = sorted({file.name.split(".")[0] for file in (ROOT / "migrations").rglob("*.sql")})

    assert shown == [name for name in there if not name.endswith("_down")]
