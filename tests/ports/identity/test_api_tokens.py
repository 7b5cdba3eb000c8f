"""API tokens live by the store's own time, and die once."""

from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.identity.domain.api_token import MOST_PER_PRINCIPAL, ApiToken
from plexsphere.identity.domain.errors import IdentityNotFound, TooManyApiTokens
from plexsphere.identity.domain.principal import OperatorPrincipal, PrincipalKind
from plexsphere.platform.kernel.ids import PrincipalId, TokenId
from tests.support.identity import Kit, a_domain, a_user

ACME = a_domain(1, "acme")
ADA = a_user(20, ACME)
EVE = a_user(21)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DIGEST = bytes(range(32))
UNKNOWN = TokenId(UUID(int=404))


async def added(kit: Kit, number: int = 30, lifetime: timedelta = HOUR) -> ApiToken:
    if await kit.principals.get(ADA.id) is None:
        await kit.domains.add(ACME)
        await kit.principals.add(ADA)
        await kit.principals.add(EVE)
    return await kit.api_tokens.add(TokenId(UUID(int=number)), ADA.id, "prod", lifetime, DIGEST)


async def test_a_token_comes_back_as_it_was_added(kit: Kit) -> None:
    token = await added(kit)

    assert await kit.api_tokens.get(token.id) == token
    assert (token.principal_id, token.env_prefix) == (ADA.id, "prod")
    assert token.expires_at - token.created_at == HOUR
    assert (token.last_used_at, token.rotated_at) == (None, None)


async def test_a_token_needs_its_principal(kit: Kit) -> None:
    with pytest.raises(IdentityNotFound):
        async with kit.unit_of_work():
            await kit.api_tokens.add(TokenId(UUID(int=30)), PrincipalId(UUID(int=9)), "prod", HOUR, DIGEST)


async def test_a_live_token_proves_its_principal_for_as_long_as_it_lives(kit: Kit) -> None:
    token = await added(kit)

    await kit.let_time_pass(600)
    proof = await kit.api_tokens.proof(token.id)

    assert proof is not None
    assert proof.principal == OperatorPrincipal(ADA.id, ACME.id, PrincipalKind.USER, token.id)
    assert proof.secret_sha256 == DIGEST
    assert 2900 < proof.seconds_left <= 3000


async def test_an_expired_token_is_as_good_as_none(kit: Kit) -> None:
    token = await added(kit)

    await kit.let_time_pass(3601)

    assert await kit.api_tokens.proof(token.id) is None
    assert await kit.api_tokens.get(token.id) is None
    assert await kit.api_tokens.of(ADA.id) == ()
    assert await kit.api_tokens.revoke(ADA.id, token.id) is False
    assert await kit.api_tokens.retire(ADA.id, token.id, DAY) is None


async def test_a_token_is_revoked_once_and_by_its_principal_alone(kit: Kit) -> None:
    token = await added(kit)

    assert await kit.api_tokens.revoke(EVE.id, token.id) is False
    assert await kit.api_tokens.revoke(ADA.id, UNKNOWN) is False
    assert await kit.api_tokens.revoke(ADA.id, token.id) is True
    assert await kit.api_tokens.revoke(ADA.id, token.id) is False
    assert await kit.api_tokens.proof(token.id) is None
    assert await kit.api_tokens.of(ADA.id) == ()


async def test_tokens_are_listed_oldest_first_for_their_principal_alone(kit: Kit) -> None:
    older = await added(kit, 31)
    await kit.let_time_pass(1)
    newer = await added(kit, 30)

    assert [token.id for token in await kit.api_tokens.of(ADA.id)] == [older.id, newer.id]
    assert await kit.api_tokens.of(EVE.id) == ()


async def test_a_retired_token_dies_after_its_grace(kit: Kit) -> None:
    token = await added(kit, lifetime=timedelta(days=90))

    retired = await kit.api_tokens.retire(ADA.id, token.id, DAY)

    assert retired is not None
    old, death = retired
    left = await kit.api_tokens.get(token.id)
    assert old == token
    assert left is not None
    assert left.rotated_at is not None
    assert left.expires_at == death == left.rotated_at + DAY
    await kit.let_time_pass(86_401)
    assert await kit.api_tokens.get(token.id) is None


async def test_a_retired_token_never_lives_longer_than_it_would_have(kit: Kit) -> None:
    token = await added(kit)

    retired = await kit.api_tokens.retire(ADA.id, token.id, DAY)

    assert retired is not None
    assert retired[1] == token.expires_at


async def test_a_token_is_retired_once_and_by_its_principal_alone(kit: Kit) -> None:
    token = await added(kit)

    assert await kit.api_tokens.retire(EVE.id, token.id, DAY) is None
    assert await kit.api_tokens.retire(ADA.id, token.id, DAY) is not None
    assert await kit.api_tokens.retire(ADA.id, token.id, DAY) is None


async def test_a_principal_holds_so_many_live_tokens_and_no_more(kit: Kit) -> None:
    tokens = [await added(kit, 1000 + number) for number in range(MOST_PER_PRINCIPAL)]

    with pytest.raises(TooManyApiTokens):
        await added(kit, 30)
    await kit.api_tokens.revoke(ADA.id, tokens[0].id)
    await added(kit, 31)


async def test_a_use_is_noted_at_most_once_a_minute(kit: Kit) -> None:
    token = await added(kit)

    await kit.api_tokens.mark_used({token.id, UNKNOWN})
    first = await last_use(kit, token)
    await kit.api_tokens.mark_used({token.id})
    assert await last_use(kit, token) == first
    await kit.let_time_pass(61)
    before = await last_use(kit, token)
    await kit.api_tokens.mark_used({token.id})

    assert first is not None
    assert await last_use(kit, token) != before


async def last_use(kit: Kit, token: ApiToken) -> object:
    kept = await kit.api_tokens.get(token.id)
    assert kept is not None
    return kept.last_used_at
