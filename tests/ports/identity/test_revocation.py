"""A revoked credential is dead within two seconds everywhere (design D9)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plexsphere.identity.application.credential_cache import FRESH_SECONDS
from plexsphere.identity.domain.api_token import ApiTokenTerms
from plexsphere.identity.domain.errors import ApiTokenNotFound, CredentialRefused
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import FakeClock, MemoryCredentialEpochs, MemoryStore, memory_kit
from tests.support.identity_scene import ACME, ADA, Scene, machine

WEB = machine(40)


class TwoProcesses:
    """One deployment: the scene's own process, and another that only shares the store."""

    def __init__(self, scene: Scene, others: CredentialEpochs) -> None:
        self.scene = scene
        self.nodes = scene.node_cache(others)
        self.operators = scene.operator_cache(others)
        self.authenticate_node = scene.authenticate_node(self.nodes)
        self.authenticate_operator = scene.authenticate_operator(self.operators)

    async def is_node(self, bearer: Secret[str]) -> bool:
        try:
            await self.authenticate_node(bearer)
        except CredentialRefused:
            return False
        return True

    async def is_operator(self, bearer: Secret[str]) -> bool:
        try:
            await self.authenticate_operator(bearer)
        except CredentialRefused:
            return False
        return True

    async def both_read(self) -> None:
        await self.nodes.refresh()
        await self.operators.refresh()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[TwoProcesses]:
    async with _two(request) as two:
        await two.scene.set()
        yield two


@asynccontextmanager
async def _two(request: pytest.FixtureRequest) -> AsyncIterator[TwoProcesses]:
    if request.param == "memory":
        store = MemoryStore(FakeClock())
        yield TwoProcesses(Scene(memory_kit(store)), MemoryCredentialEpochs(store))
        return
    from plexsphere.identity.adapters.postgres.credential_epochs import PostgresCredentialEpochs
    from tests.support.identity_postgres import lent_database, postgres_kit

    async with lent_database(request.getfixturevalue("database")) as database:
        yield TwoProcesses(Scene(postgres_kit(database)), PostgresCredentialEpochs(database, database))


async def test_an_ended_node_is_refused_by_another_process_within_two_seconds(two: TwoProcesses) -> None:
    """C35: after the next reading of the epoch at the latest, and that is never two seconds away."""
    bearer = (await two.scene.enrol(await two.scene.ticket(), WEB)).node_token
    await two.both_read()
    assert await two.is_node(bearer)

    await two.scene.end(ACME.id, WEB.node_id)
    two.scene.clock.advance(FRESH_SECONDS)

    assert not await two.is_node(bearer)


async def test_an_ended_node_is_refused_as_soon_as_the_epoch_is_read(two: TwoProcesses) -> None:
    bearer = (await two.scene.enrol(await two.scene.ticket(), WEB)).node_token
    await two.both_read()
    assert await two.is_node(bearer)

    await two.scene.end(ACME.id, WEB.node_id)
    await two.both_read()

    assert not await two.is_node(bearer)


async def test_a_revoked_api_token_is_refused_by_another_process_within_two_seconds(
    two: TwoProcesses,
) -> None:
    """C35."""
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    await two.both_read()
    assert await two.is_operator(issued.plaintext)

    await two.scene.revoke_api_token(ADA.id, issued.token.id)
    two.scene.clock.advance(FRESH_SECONDS)

    assert not await two.is_operator(issued.plaintext)
    with pytest.raises(ApiTokenNotFound):
        await two.scene.revoke_api_token(ADA.id, issued.token.id)


async def test_a_revoked_api_token_is_refused_at_once_where_it_was_revoked(two: TwoProcesses) -> None:
    cache = two.scene.operator_cache()
    authenticate = two.scene.authenticate_operator(cache)
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    await cache.refresh()
    await authenticate(issued.plaintext)

    await two.scene.revoke_api_token(ADA.id, issued.token.id)

    with pytest.raises(CredentialRefused):
        await authenticate(issued.plaintext)


async def test_a_rotated_token_works_until_its_deadline_and_its_successor_after(two: TwoProcesses) -> None:
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    await two.both_read()
    assert await two.is_operator(issued.plaintext)

    rotated = await two.scene.rotate_api_token(ADA.id, issued.token.id)

    await two.both_read()
    assert await two.is_operator(issued.plaintext)
    assert await two.is_operator(rotated.plaintext)
    assert (rotated.rotation_deadline - rotated.token.created_at).total_seconds() == pytest.approx(
        86_400, abs=5
    )
    assert (
        rotated.token.expires_at - rotated.token.created_at
        == issued.token.expires_at - issued.token.created_at
    )
    await two.scene.kit.let_time_pass(86_401)
    two.scene.clock.advance(86_401)
    await two.both_read()
    assert not await two.is_operator(issued.plaintext)
    assert await two.is_operator(rotated.plaintext)
    with pytest.raises(ApiTokenNotFound):
        await two.scene.rotate_api_token(ADA.id, issued.token.id)


async def test_an_api_token_dies_at_its_expiry_though_it_is_remembered(two: TwoProcesses) -> None:
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod", ttl_seconds=60))
    await two.both_read()
    assert await two.is_operator(issued.plaintext)

    await two.scene.kit.let_time_pass(60)
    two.scene.clock.advance(60)
    await two.both_read()

    assert not await two.is_operator(issued.plaintext)


async def test_who_an_api_token_proves(two: TwoProcesses) -> None:
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("dev"))

    principal = await two.authenticate_operator(issued.plaintext)

    assert principal == OperatorPrincipal(ADA.id, ACME.id, ADA.kind, issued.token.id)
    assert str(principal.reference) == f"user:{ADA.id}"


async def test_the_right_row_with_the_wrong_secret_proves_nobody(two: TwoProcesses) -> None:
    """M08, M09: the row id is no secret."""
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    other = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    own, foreign = issued.plaintext.reveal(), other.plaintext.reveal()

    assert not await two.is_operator(Secret(own[:-43] + foreign[-43:]))
    assert await two.is_operator(issued.plaintext)


async def test_a_repeated_registration_is_a_revocation(two: TwoProcesses) -> None:
    token = await two.scene.ticket()
    await two.scene.enrol(token, WEB)
    before = await two.scene.kit.credential_epochs.read()

    await two.scene.enrol(token, WEB)

    assert await two.scene.kit.credential_epochs.read() == before + 1


async def test_a_use_is_written_down_with_the_next_flush(two: TwoProcesses) -> None:
    issued = await two.scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    await two.is_operator(issued.plaintext)

    before = (await two.scene.kit.api_tokens.of(ADA.id))[0].last_used_at
    await two.scene.uses.flush()

    assert before is None
    assert (await two.scene.kit.api_tokens.of(ADA.id))[0].last_used_at is not None
