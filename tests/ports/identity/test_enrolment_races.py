"""What happens when many do it at once, on the real store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.errors import CredentialRefused, ProjectNotFound, TokenInvalid
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity_postgres import lent_database, postgres_kit
from tests.support.identity_scene import ACME, OPERATOR, SHOP, Scene, machine

pytestmark = pytest.mark.postgres


@pytest.fixture
async def store(database: Secret[str]) -> AsyncIterator[Database]:
    async with lent_database(database, size=12) as lent:
        yield lent


@pytest.fixture
async def scene(store: Database) -> Scene:
    scene = Scene(postgres_kit(store))
    await scene.set()
    return scene


async def outcome(scene: Scene, token: Secret[str], number: int, same: bool = False) -> str:
    applicant = machine(number) if same else machine(number, bytes([number]) * 32, f"web-{number}")
    try:
        await scene.enrol(token, applicant)
    except TokenInvalid:
        return "refused"
    return "admitted"


async def test_thirty_two_machines_with_one_token_are_one_node(scene: Scene) -> None:
    """C01: one token, one node, however many ask at once."""
    token = await scene.ticket()

    outcomes = await asyncio.gather(*(outcome(scene, token, 100 + number) for number in range(32)))

    assert Counter(outcomes) == {"admitted": 1, "refused": 31}


async def test_one_machine_asking_many_times_at_once_is_one_node(scene: Scene) -> None:
    token = await scene.ticket()

    outcomes = await asyncio.gather(*(outcome(scene, token, 100 + n, same=True) for n in range(8)))

    page = await scene.kit.bootstrap_tokens.page(SHOP, None, 1)
    node_id = page.items[0].consumed_by
    assert Counter(outcomes) == {"admitted": 8}
    assert node_id is not None
    identity = await scene.kit.node_identities.find(node_id)
    assert identity is not None
    assert identity.kept.nsk_version == 8


async def test_the_first_use_and_a_repeated_registration_do_not_both_win(scene: Scene) -> None:
    for number in range(10):
        token = await scene.ticket()
        key, hostname = bytes([number]) * 32, f"web-{number}"
        lost = await scene.enrol(token, machine(200 + number, key, hostname))

        used, repeated = await asyncio.gather(
            scene.authenticate_node()(lost.node_token),
            scene.enrol(token, machine(300 + number, key, hostname)),
            return_exceptions=True,
        )

        assert isinstance(used, CredentialRefused) != isinstance(repeated, TokenInvalid)


async def test_many_first_calls_at_once_all_count(scene: Scene) -> None:
    credentials = await scene.enrol(await scene.ticket(), machine(40))
    authenticate = scene.authenticate_node()

    principals = await asyncio.gather(*(authenticate(credentials.node_token) for _ in range(16)))

    assert len(set(principals)) == 1


async def test_a_token_that_expires_while_its_transaction_waits_is_refused(
    scene: Scene, store: Database
) -> None:
    """M11: expiry inside the transaction."""
    token = await scene.ticket(BootstrapTokenTerms(ttl_seconds=300))
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE bootstrap_tokens SET expires_at = clock_timestamp() + %s", [timedelta(milliseconds=300)]
        )

    async def late() -> None:
        async with store():
            async with store.connection() as connection:
                await connection.execute("SELECT now(), pg_sleep(0.4)")
            await scene.redeem(token, machine(40))

    with pytest.raises(TokenInvalid):
        await late()


async def test_a_project_is_claimed_only_when_nobody_is_redeeming_its_tokens(
    scene: Scene, store: Database
) -> None:
    token = await scene.ticket()
    redeemed, order = asyncio.Event(), []

    async def register() -> None:
        async with store():
            await scene.redeem(token, machine(40))
            redeemed.set()
            await asyncio.sleep(0.2)
            order.append("registered")

    async def delete() -> None:
        await redeemed.wait()
        async with store():
            await scene.kit.projects.claim(SHOP.id)
            order.append("claimed")

    await asyncio.gather(register(), delete())

    assert order == ["registered", "claimed"]


async def test_no_token_is_issued_for_a_project_that_is_going(scene: Scene, store: Database) -> None:
    claimed = asyncio.Event()

    async def delete() -> None:
        async with store():
            project = await scene.kit.projects.claim(SHOP.id)
            assert project is not None
            claimed.set()
            await asyncio.sleep(0.2)
            await scene.kit.projects.remove(project)

    async def issue() -> None:
        await claimed.wait()
        await scene.issue_bootstrap_token(SHOP.id, OPERATOR, BootstrapTokenTerms())

    _, issued = await asyncio.gather(delete(), issue(), return_exceptions=True)

    assert isinstance(issued, ProjectNotFound)
    assert await scene.kit.domains.count_children(ACME.id) == {"projects": 0, "identities": 1}
