"""What the commands of `plexsphere` promise."""

from collections.abc import Iterator

import click
import httpx
import pytest

from plexsphere.composition.command_line import main
from plexsphere.platform.kernel.secret import Secret
from tests.e2e.test_boot import DSN, KEY, WRAP
from tests.support.command_line import plexsphere, within
from tests.support.control_plane import served
from tests.support.tables import trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Walk the command line's tree."""
    yield above
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield *above, name


@pytest.mark.parametrize("command", list(commands(main)), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    ended = within(*command, "--help")

    assert ended.status == 0
    assert "Example:" in ended.said
    assert " ".join(["plexsphere", *command]) in ended.said.partition("Example:")[2]


async def test_migrate_needs_the_database_alone_and_a_second_run_finds_nothing_to_do(
    empty_database: Secret[str],
) -> None:
    first = await plexsphere("migrate", **{DSN: empty_database.reveal()})
    again = await plexsphere("migrate", **{DSN: empty_database.reveal()})

    assert (first.status, again.status) == (0, 0)
    assert first.said.startswith("applied 0001")
    assert again.said == "The database is up to date (0 applied).\n"
    assert first.complained == again.complained == ""


async def test_token_operator_prints_a_token_that_manages_the_platform_and_the_trail_says_so(
    database: Secret[str],
) -> None:
    ended = await plexsphere("token", "operator", **{DSN: database.reveal(), WRAP: KEY})

    assert (ended.status, ended.complained) == (0, "")
    token = ended.said.strip()
    assert token.startswith("plx_api_")
    assert [entry[:3] for entry in trail(database)] == [("admin", "granted", "platform:plexsphere")]
    async with served(database) as place, httpx.AsyncClient(base_url=place.base_url) as client:
        made = await client.post(
            "/v1/domains",
            json={"name": "Acme", "slug": "acme"},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert made.status_code == 201


async def test_reconciling_without_a_spicedb_says_that_there_is_nothing_to_reconcile(
    database: Secret[str],
) -> None:
    ended = await plexsphere("authz", "reconcile", **{DSN: database.reveal(), WRAP: KEY})

    assert ended.status != 0
    assert ended.complained.startswith("Error: PLEXSPHERE_SPICEDB_ENDPOINT is not set")


@pytest.mark.parametrize(
    "command",
    [("serve",), ("migrate",), ("migrate", "--dry-run"), ("token", "operator"), ("audit", "verify")],
    ids=" ".join,
)
async def test_without_a_database_a_command_says_in_one_line_what_to_set(command: tuple[str, ...]) -> None:
    ended = await plexsphere(*command, **{DSN: ""})

    assert ended.status != 0
    assert ended.complained.startswith("Error: PLEXSPHERE_DSN is not set")
    assert len(ended.complained.splitlines()) == 1
