"""Who is calling: from memory while that is fresh, from the store otherwise, from nowhere when it is away."""

import asyncio
from collections.abc import Collection

import pytest

from plexsphere.identity.application.api_token_uses import MOST_NOTED, ApiTokenUses
from plexsphere.identity.domain.api_token import ApiTokenTerms
from plexsphere.identity.domain.errors import CredentialRefused
from plexsphere.identity.domain.node_identity import NodePrincipal
from plexsphere.identity.domain.token_text import digest
from plexsphere.platform.kernel.ids import TokenId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.identity import CountingIds, FakeClock, MemoryApiTokens, MemoryStore, memory_kit
from tests.support.identity_scene import ACME, ADA, Scene, machine

WEB = machine(40)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(FakeClock())


@pytest.fixture
async def scene(store: MemoryStore) -> Scene:
    scene = Scene(memory_kit(store))
    await scene.set()
    return scene


async def node_token(scene: Scene) -> Secret[str]:
    return (await scene.enrol(await scene.ticket(), WEB)).node_token


async def test_a_remembered_node_costs_no_lookup(scene: Scene, store: MemoryStore) -> None:
    cache = scene.node_cache()
    authenticate, bearer = scene.authenticate_node(cache), await node_token(scene)
    await cache.refresh()
    await authenticate(bearer)
    before = store.lookups

    principal = await authenticate(bearer)

    assert principal == cache.cached(digest(bearer)) == NodePrincipal(ACME.id, WEB.node_id)
    assert store.lookups == before


async def test_a_stale_memory_costs_one_lookup(scene: Scene, store: MemoryStore) -> None:
    cache = scene.node_cache()
    authenticate, bearer = scene.authenticate_node(cache), await node_token(scene)
    await cache.refresh()
    await authenticate(bearer)
    scene.clock.advance(3)
    before = store.lookups

    await authenticate(bearer)

    assert store.lookups == before + 1


async def test_while_the_store_is_away_fresh_memory_serves_and_stale_memory_does_not(
    scene: Scene, store: MemoryStore
) -> None:
    cache = scene.node_cache()
    authenticate, bearer = scene.authenticate_node(cache), await node_token(scene)
    await cache.refresh()
    await authenticate(bearer)
    store.is_away = True

    assert await authenticate(bearer)
    scene.clock.advance(2)
    with pytest.raises(StoreUnavailable):
        await authenticate(bearer)


async def test_nobody_is_refused_because_the_store_is_away(scene: Scene, store: MemoryStore) -> None:
    operator = await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    store.is_away = True

    with pytest.raises(StoreUnavailable):
        await scene.authenticate_operator()(operator.plaintext)


async def test_a_text_that_is_no_api_token_costs_no_lookup(scene: Scene, store: MemoryStore) -> None:
    before = store.lookups

    for text in ["", "psk_prod_x", (await node_token(scene)).reveal()]:
        before = store.lookups
        with pytest.raises(CredentialRefused):
            await scene.authenticate_operator()(Secret(text))
        assert store.lookups == before


async def test_a_refused_bearer_is_refused_without_a_word(scene: Scene) -> None:
    """H46: the refusal carries nothing of the bearer."""
    bearer = await node_token(scene)
    await scene.end(ACME.id, WEB.node_id)

    with pytest.raises(CredentialRefused) as refusal:
        await scene.authenticate_node()(bearer)

    assert refusal.value.args == ()


async def test_a_node_token_is_no_operator_s_and_an_api_token_no_node_s(scene: Scene) -> None:
    operator = await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))

    with pytest.raises(CredentialRefused):
        await scene.authenticate_node()(operator.plaintext)
    with pytest.raises(CredentialRefused):
        await scene.authenticate_operator()(await node_token(scene))


async def test_uses_that_could_not_be_written_down_are_forgotten(scene: Scene, store: MemoryStore) -> None:
    issued = await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    scene.uses.note(issued.token.id)
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        await scene.uses.flush()
    store.is_away = False

    await scene.uses.flush()

    assert (await scene.kit.api_tokens.of(ADA.id))[0].last_used_at is None


async def test_only_so_many_uses_are_noted() -> None:
    store = MemoryStore(FakeClock())
    written: list[int] = []

    class Counting(MemoryApiTokens):
        async def mark_used(self, token_ids: Collection[TokenId]) -> None:
            written.append(len(token_ids))

    uses, ids = ApiTokenUses(Counting(store)), CountingIds()
    for _ in range(MOST_NOTED + 5):
        uses.note(TokenId(ids()))
    await uses.flush()

    assert written == [MOST_NOTED]


async def test_a_crowd_of_unknown_nodes_is_looked_up_with_few_statements(
    scene: Scene, store: MemoryStore
) -> None:
    """H14: after a restart a whole fleet is unknown at once, and leaves the pool to others."""
    machines = [machine(number) for number in range(40, 80)]
    bearers = [(await scene.enrol(await scene.ticket(), each)).node_token for each in machines]
    for bearer in bearers:
        await scene.authenticate_node()(bearer)
    authenticate, before = scene.authenticate_node(), store.lookups

    principals = await asyncio.gather(*(authenticate(bearer) for bearer in bearers))

    assert [principal.node_id for principal in principals] == [each.node_id for each in machines]
    assert store.lookups - before <= 2
