"""
The context map, read twice: from the diagram in `docs/context-map.md`, and from the code.

In the code an edge is a bridge: a class in composition that provides every method of a port of one party (the asker)
and imports another context (the answerer). In the diagram it is an arrow labelled with the bridges' file names.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from tests.architecture.house_rules import Source, classes, methods
from tests.architecture.tree import ROOT

BRIDGES: Final = "composition/plexsphere/composition/bridges"
SURFACE: Final = "api"
ARROW: Final = re.compile(r'^\s*(\w+)\s*-->\s*\|"([^"]*)"\|\s*(\w+)\s*$', re.MULTILINE)
NAMELESS: Final = {"__call__", "of"}
DIAGRAM: Final = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)

Edges = dict[tuple[str, str], set[str]]


@dataclass(frozen=True)
class Port:
    """What a party asks of others: the names of a Protocol's methods."""

    party: str
    asks: frozenset[str]


def drawn(text: str) -> Edges:
    """The edges of the diagram in a text: (asker, answerer) with the bridges between them."""
    found: Edges = defaultdict(set)
    for diagram in DIAGRAM.findall(text):
        for asker, label, answerer in ARROW.findall(diagram):
            found[asker, answerer] |= set(re.split(r",\s*", label))
    return dict(found)


def built(root: Path = ROOT) -> Edges:
    """The edges of the tree at `root`."""
    ports = list(_ports(root))
    imports = {file.stem: _imported(file) for file in _bridges(root)}
    found: Edges = defaultdict(set)
    for file in _bridges(root):
        parties = _contexts_reached(file.stem, imports)
        for asker in _askers(file, ports):
            for answerer in parties - {asker, SURFACE}:
                found[asker, answerer].add(file.stem)
    return dict(found)


def arrows(edges: Edges) -> list[str]:
    """The edges as lines of a diagram."""
    return [
        f'{asker} -->|"{", ".join(sorted(bridges))}"| {answerer}'
        for (asker, answerer), bridges in sorted(edges.items())
    ]


def _bridges(root: Path) -> list[Path]:
    return sorted(file for file in (root / BRIDGES).glob("*.py") if file.name != "__init__.py")


def _ports(root: Path) -> Iterator[Port]:
    contexts = root / "contexts/plexsphere"
    for file in contexts.glob("*/ports/**/*.py"):
        yield from _protocols(file, file.relative_to(contexts).parts[0])
    for file in (root / "api/plexsphere/api").rglob("*.py"):
        yield from _protocols(file, SURFACE)


def _protocols(file: Path, party: str) -> Iterator[Port]:
    for each in classes(_source(file)):
        asks = frozenset(method.name for method in methods(each))
        # A Protocol of one nameless call says nothing by which its answer could be told from another class.
        if any("Protocol" in ast.unparse(base) for base in each.bases) and asks - NAMELESS:
            yield Port(party, asks)


def _askers(file: Path, ports: list[Port]) -> set[str]:
    provided = [frozenset(method.name for method in methods(each)) for each in classes(_source(file))]
    return {port.party for port in ports for names in provided if port.asks <= names}


def _imported(file: Path) -> set[str]:
    nodes = ast.walk(_source(file).tree)
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def _contexts_reached(
    bridge: str, imports: dict[str, set[str]], seen: frozenset[str] = frozenset()
) -> set[str]:
    """The parties a bridge imports, itself or through the translations that bridges share."""
    reached: set[str] = set()
    for module in imports[bridge]:
        _, party, *rest = [*module.split("."), ""]
        if module.startswith("plexsphere.composition.bridges."):
            shared = rest[1]
            if shared not in seen:
                reached |= _contexts_reached(shared, imports, seen | {bridge})
        elif module.startswith("plexsphere.") and party not in {"platform", "composition"}:
            reached.add(party)
    return reached


def _source(file: Path) -> Source:
    return Source(PurePosixPath(file.name), file.read_text())
