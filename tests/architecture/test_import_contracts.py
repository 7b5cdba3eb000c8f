"""Every import contract holds, and every one has been seen to fail."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.linted_copy import LintedCopy
from tests.architecture.tree import CONTEXTS, PORTIONS, ROOT

CONTRACTS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
NEIGHBOURS: Final = dict(zip(CONTEXTS, (*CONTEXTS[1:], CONTEXTS[0]), strict=True))

Planted = dict[str, str]


def context(name: str, module: str) -> str:
    """The path of a new module in a context."""
    return f"contexts/plexsphere/{name}/{module}.py"


def in_every_context() -> Iterator[tuple[str, Planted]]:
    """What each context may not do."""
    for name in CONTEXTS:
        neighbour = NEIGHBOURS[name]
        yield "monolith", {context(name, "application/planted"): f"import plexsphere.{neighbour}"}
        yield "monolith", {context(name, "adapters/planted"): "import plexsphere.api"}
        yield (
            "rings",
            {
                context(name, "application/planted"): "",
                context(name, "adapters/planted"): f"import plexsphere.{name}.application.planted",
            },
        )
        yield "rings", {context(name, "planted"): ""}
        yield "wiring", {context(name, "__init__"): f"import plexsphere.{name}.adapters"}
        yield "pure-domain", {context(name, "domain/planted"): "import attrs"}
        yield "pure-domain", {context(name, "domain/planted"): "import plexsphere.platform.clock"}
        yield "no-tech-inside", {context(name, "ports/planted"): "import litestar"}
        yield "no-tech-inside", {context(name, "application/planted"): "import click"}
        yield "no-tech-inside", {context(name, "application/planted"): "import plexsphere.platform.db.pool"}
        yield "container-stays-home", {context(name, "adapters/planted"): "import dependency_injector"}
        yield (
            "acyclic",
            {
                context(name, "application/planted"): f"import plexsphere.{name}.application.other",
                context(name, "application/other"): f"import plexsphere.{name}.application.planted",
            },
        )


API: Final = "api/plexsphere/api"
BASE: Final = "platform/plexsphere/platform"
ROOTS: Final = "composition/plexsphere/composition"

ELSEWHERE: Final[list[tuple[str, Planted]]] = [
    ("monolith", {f"{API}/planted.py": "import plexsphere.identity"}),
    ("monolith", {f"{BASE}/planted.py": "import plexsphere.fleet"}),
    ("monolith", {f"{BASE}/planted.py": "import plexsphere.api.problem"}),
    ("monolith", {f"{API}/planted.py": "import plexsphere.composition"}),
    ("monolith", {context("billing", "__init__"): ""}),
    ("pure-kernel", {f"{BASE}/kernel/planted.py": "import uuid_utils"}),
    ("pure-kernel", {f"{BASE}/kernel/planted.py": "import plexsphere.platform.clock"}),
    ("container-stays-home", {f"{API}/planted.py": "import dependency_injector"}),
    ("container-stays-home", {f"{BASE}/planted.py": "import dependency_injector.providers"}),
    ("surface", {f"{API}/planted.py": "import psycopg"}),
    ("surface", {f"{API}/v1/meta/planted.py": "import cryptography.hazmat"}),
    ("surface", {f"{API}/planted.py": "import plexsphere.platform.db.pool"}),
    ("surfaces-apart", {f"{API}/v1/meta/planted.py": "import plexsphere.api.v1.registration.problems"}),
    ("surfaces-apart", {f"{API}/v1/registration/planted.py": "import plexsphere.api.v1.meta.wiring"}),
    (
        "acyclic",
        {
            f"{API}/planted.py": "import plexsphere.api.other",
            f"{API}/other.py": "import plexsphere.api.planted",
        },
    ),
    (
        "acyclic",
        {
            f"{ROOTS}/planted.py": "import plexsphere.composition.other",
            f"{ROOTS}/other.py": "def late():\n    import plexsphere.composition.planted",
        },
    ),
    (
        "acyclic",
        {
            f"{BASE}/planted.py": "import plexsphere.platform.other",
            f"{BASE}/other.py": "import plexsphere.platform.planted",
        },
    ),
    (
        "acyclic",
        {
            "agent/plexd/node/planted.py": "import plexd.node.other",
            "agent/plexd/node/other.py": "import plexd.node.planted",
        },
    ),
    ("agent-apart", {f"{ROOTS}/planted.py": "import plexd.protocol"}),
    ("agent-apart", {"agent/plexd/simulate/planted.py": "import plexsphere.platform.kernel.ids"}),
    ("protocol-light", {"agent/plexd/protocol/planted.py": "import subprocess"}),
    ("protocol-light", {"agent/plexd/protocol/events/planted.py": "import ctypes"}),
]

PLANTED: Final = [*in_every_context(), *ELSEWHERE]


def test_the_tree_breaks_no_contract(linted_copy: LintedCopy) -> None:
    assert linted_copy.broken() == set()


@pytest.mark.parametrize(
    ("contract", "planted"), PLANTED, ids=[f"{contract}-{', '.join(files)}" for contract, files in PLANTED]
)
def test_a_planted_violation_breaks_exactly_the_contract_that_forbids_it(
    contract: str, planted: Planted, linted_copy: LintedCopy
) -> None:
    assert linted_copy.broken_with(planted) == {contract}


def test_every_contract_has_been_seen_to_fail() -> None:
    assert {contract for contract, _ in PLANTED} == {options["id"] for options in CONTRACTS}


@pytest.mark.parametrize(
    ("contract", "field"),
    [("rings", "containers"), ("container-stays-home", "source_modules"), ("acyclic", "ancestors")],
)
def test_no_context_is_missing_where_contexts_are_listed(contract: str, field: str) -> None:
    [options] = [options for options in CONTRACTS if options["id"] == contract]

    assert {f"plexsphere.{name}" for name in CONTEXTS} <= set(options[field])


def test_whatever_the_control_plane_imports_from_others_is_forbidden_inside_the_hexagon() -> None:
    """`no-tech-inside` is a list of names; a dependency that nobody put on it would get in."""
    [options] = [options for options in CONTRACTS if options["id"] == "no-tech-inside"]

    assert imported_from_others() - set(options["forbidden_modules"]) == set()


def imported_from_others() -> set[str]:
    """The packages of others that any module of the control plane imports."""
    files = [file for portion in PORTIONS for file in (ROOT / portion).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in named} - sys.stdlib_module_names - {"plexsphere"}
