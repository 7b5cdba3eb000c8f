"""Every rule of the house holds in the product, and every rule has been seen to fail."""

from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from tests.architecture.house_rules import LONGEST_FILE, RULES, Rule, Source
from tests.architecture.sql_rule import statements_name_their_columns, values_travel_as_parameters
from tests.architecture.tree import PORTIONS, ROOT, product_files

ALL_RULES: Final = (*RULES, values_travel_as_parameters, statements_name_their_columns)

SOURCES: Final = [
    Source(PurePosixPath(file.relative_to(ROOT).as_posix()), file.read_text()) for file in product_files()
]

RING: Final = "contexts/plexsphere/identity"
HEAD: Final = '"""Planted."""\n'
CALLED: Final = 'class {name}:\n    """Planted."""\n    async def __call__(self) -> None: ...\n'
FROZEN: Final = "@dataclass(frozen=True)\n"

OFFENDING: Final[dict[str, list[tuple[str, str]]]] = {
    "packages_hold_a_docstring_only": [
        ("api/plexsphere/api/__init__.py", HEAD + "from plexsphere.api.app import create_app"),
        ("api/plexsphere/api/__init__.py", ""),
    ],
    "modules_are_named_for_a_thing": [
        ("api/plexsphere/api/utils.py", HEAD),
        (f"{RING}/domain/token_helpers.py", HEAD),
        (f"{RING}/application/manager.py", HEAD),
    ],
    "classes_are_named_for_what_they_are": [
        (f"{RING}/domain/token.py", HEAD + 'class TokenManager:\n    """Planted."""'),
        (f"{RING}/ports/tokens.py", HEAD + 'class ITokens:\n    """Planted."""'),
    ],
    "modules_and_public_classes_say_what_they_are": [
        ("api/plexsphere/api/silent.py", "A = 1"),
        ("agent/plexd/silent.py", HEAD + "class Silent: ..."),
    ],
    "ports_say_what_they_promise": [
        (
            f"{RING}/ports/tokens.py",
            HEAD + 'class Tokens:\n    """Planted."""\n    def get(self) -> None: ...',
        ),
    ],
    "domain_values_are_frozen": [
        (f"{RING}/domain/token.py", HEAD + '@dataclass\nclass Token:\n    """Planted."""'),
        (f"{RING}/domain/token.py", HEAD + '@dataclass(slots=True)\nclass Token:\n    """Planted."""'),
    ],
    "a_use_case_is_one_frozen_dataclass_of_its_file": [
        (f"{RING}/application/issue.py", HEAD + CALLED.format(name="Issue")),
        (
            f"{RING}/application/issue.py",
            HEAD + FROZEN + CALLED.format(name="Issue") + FROZEN + CALLED.format(name="Revoke"),
        ),
    ],
    "imports_name_the_full_path": [
        ("api/plexsphere/api/near.py", HEAD + "from . import problem"),
        ("api/plexsphere/api/near.py", HEAD + "from plexsphere import platform"),
    ],
    "nothing_is_swallowed": [
        ("api/plexsphere/api/deaf.py", HEAD + "try:\n    work()\nexcept ValueError:\n    pass"),
        ("api/plexsphere/api/deaf.py", HEAD + "try:\n    work()\nexcept ValueError:\n    ..."),
    ],
    "nothing_is_left_unfinished": [("api/plexsphere/api/later.py", HEAD + "A = 1  # TODO later")],
    "files_stay_readable": [("api/plexsphere/api/long.py", HEAD + "A = 1\n" * LONGEST_FILE)],
    "statements_name_their_columns": [
        (f"{RING}/adapters/rows.py", HEAD + f'q = "{statement}"')
        for statement in (
            "SELECT * FROM nodes",
            "SELECT nodes.* FROM nodes",
            "SELECT id, nodes.* FROM nodes",
            "DELETE FROM event_inbox RETURNING *",
            "INSERT INTO nodes VALUES (%s)",
            "INSERT INTO nodes SELECT id FROM machines",
        )
    ],
    "values_travel_as_parameters": [
        (f"{RING}/adapters/rows.py", HEAD + statement)
        for statement in (
            "q = f\"SELECT * FROM nodes WHERE hostname = '{hostname}'\"",
            'q = "SELECT * FROM nodes WHERE hostname = \'" + hostname + "\'"',
            'q = "DELETE FROM nodes WHERE id = %s" % node_id',
            'q = "UPDATE nodes SET hostname = {}".format(hostname)',
            'q = f"SELECT * FROM nodes ORDER BY {order}"',
            'q = " AND ".join(["SELECT * FROM nodes", condition])',
            'connection.execute(f"vacuum {table}")',
            'cursor.copy("copy nodes to " + target)',
            'q = SQL(f"SELECT * FROM {table}")',
            'Q = "create database {}"\nconnection.execute(Q.format(name))',
        )
    ],
}

ALLOWED: Final = [
    'COLUMNS = "id, hostname"\nNODES = f"SELECT {COLUMNS} FROM nodes WHERE id = %s"',
    'NODES = "SELECT id " + rows.TABLE + " WHERE id = %(id)s"',
    'connection.execute(NODES, {"id": node_id})',
    'print(f"{count} nodes")',
    'MADE = SQL("CREATE DATABASE {}")\nconnection.execute(MADE.format(Identifier(name)))',
    'q = "INSERT INTO nodes (id) SELECT * FROM unnest(%s::uuid[])"',
    'q = "SELECT count(*) FROM nodes"',
    'FOUND = RULES + SQL(" SELECT id FROM grants")',
]

PLACES: Final = [*[f"{portion}/__init__.py" for portion in PORTIONS], "agent/__init__.py"]
NAMESPACES: Final = [f"{portion}/plexsphere/__init__.py" for portion in PORTIONS]


def offences(rule: Rule, sources: list[Source]) -> list[str]:
    """What offends the rule, one line each."""
    return [f"{source.path} {offence}" for source in sources for offence in rule(source)]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    assert offences(rule, SOURCES) == []


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_each_planted_offence(rule: Rule) -> None:
    planted = [Source(PurePosixPath(path), text) for path, text in OFFENDING[rule.__name__]]

    assert [bool(list(rule(source))) for source in planted] == [True] * len(planted)


@pytest.mark.parametrize("text", ALLOWED)
def test_sql_of_constants_with_parameters_is_no_offence(text: str) -> None:
    source = Source(PurePosixPath("api/rows.py"), HEAD + text)

    assert [*values_travel_as_parameters(source), *statements_name_their_columns(source)] == []


def test_no_package_file_hides_the_standard_library_or_a_portion_of_the_namespace() -> None:
    assert forbidden_packages(ROOT) == []


@pytest.mark.parametrize(
    "name", ["platform/__init__.py", "api/plexsphere/__init__.py", "tests/unit/__init__.py"]
)
def test_a_forbidden_package_file_is_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()

    assert forbidden_packages(tmp_path) == [name]


def forbidden_packages(root: Path) -> list[str]:
    """The package files that must not exist below this root."""
    in_tests = [file.relative_to(root).as_posix() for file in (root / "tests").rglob("__init__.py")]
    return [name for name in [*PLACES, *NAMESPACES] if (root / name).exists()] + in_tests
