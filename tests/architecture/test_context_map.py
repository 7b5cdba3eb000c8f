"""The context map shows the edges that the code has, and no others."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.context_map import BRIDGES, arrows, built, drawn
from tests.architecture.tree import CONTEXTS, ROOT

MAP: Final = ROOT / "docs/context-map.md"
PORT: Final = """
class Witness(Protocol):
    def seen_lately(self) -> None: ...
"""
BRIDGE: Final = """
from plexsphere.fleet.application.find_node import FindNode

class WitnessBridge:
    def seen_lately(self) -> None: ...
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The contexts, the surface and the bridges, for changing."""
    for part in ("contexts/plexsphere", "api/plexsphere", BRIDGES):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "page"))
    return tmp_path


def test_the_map_shows_exactly_the_edges_of_the_code() -> None:
    assert arrows(drawn(MAP.read_text())) == arrows(built())


@pytest.mark.parametrize("place", ["witness.py", "actions/witness.py"])
def test_an_edge_of_the_code_that_the_map_lacks_is_seen(place: str, tree: Path) -> None:
    (tree / "contexts/plexsphere/policy/ports" / place).write_text(PORT)
    (tree / BRIDGES / "witness.py").write_text(BRIDGE)

    assert built(tree)["policy", "fleet"] - drawn(MAP.read_text())["policy", "fleet"] == {"witness"}


def test_an_edge_through_a_translation_that_bridges_share_is_seen(tree: Path) -> None:
    (tree / "contexts/plexsphere/policy/ports/witness.py").write_text(PORT)
    (tree / BRIDGES / "shared.py").write_text("from plexsphere.fleet.domain.node import Node")
    (tree / BRIDGES / "witness.py").write_text(
        BRIDGE.replace("plexsphere.fleet.application.find_node", "plexsphere.composition.bridges.shared")
    )

    assert "witness" in built(tree)["policy", "fleet"]


def test_an_edge_of_the_map_that_the_code_lacks_is_seen(tree: Path) -> None:
    (tree / BRIDGES / "project_homes.py").unlink()

    assert drawn(MAP.read_text()).keys() - built(tree).keys() == {("policy", "identity")}


def test_every_context_with_use_cases_is_on_the_map_and_has_a_page() -> None:
    at_work = {
        name
        for name in CONTEXTS
        if len(list((ROOT / "contexts/plexsphere" / name / "application").glob("*.py"))) > 1
    }
    on_the_map = {party for edge in drawn(MAP.read_text()) for party in edge} - {"api"}

    pages = {page.stem.replace("-", "_") for page in (ROOT / "docs/contexts").glob("*.md")}
    assert at_work == on_the_map == pages


def test_every_bridge_on_the_map_is_explained_in_its_table() -> None:
    text = MAP.read_text()
    table = text[text.index("## What each arrow carries") : text.index("## The rules")]

    for bridges in drawn(text).values():
        assert all(f"`{bridge}`" in table for bridge in bridges)
