"""Node identities keep digests and sealed keys, one first use and one end."""

from dataclasses import replace
from uuid import UUID

from plexsphere.identity.domain.node_identity import KeptCredentials, NodeIdentity
from plexsphere.platform.kernel.ids import DomainId, NodeId, TokenId
from tests.support.identity import Kit, a_domain

STRICT = a_domain(1, "strict")
LENIENT = a_domain(2, "lenient", accept_nsk_bearer=True)
ELSEWHERE = DomainId(UUID(int=9))


def identity(number: int, domain_id: DomainId = STRICT.id) -> NodeIdentity:
    kept = KeptCredentials(bytes([number]) * 32, bytes([number + 100]) * 32, b"sealed", 1)
    return NodeIdentity(
        domain_id, NodeId(UUID(int=number)), TokenId(UUID(int=number + 50)), b"p" * 32, "web-01", kept
    )


async def kept_by(kit: Kit, one: NodeIdentity) -> NodeIdentity:
    if await kit.domains.get(STRICT.id) is None:
        await kit.domains.add(STRICT)
        await kit.domains.add(LENIENT)
    await kit.node_identities.add(one)
    return one


async def test_an_identity_comes_back_as_it_was_kept(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))

    assert await kit.node_identities.find(one.node_id) == one
    assert await kit.node_identities.find(NodeId(UUID(int=404))) is None


async def test_a_node_secret_key_finds_its_node_only_where_the_domain_accepts_it(kit: Kit) -> None:
    strict, lenient = await kept_by(kit, identity(1)), await kept_by(kit, identity(2, LENIENT.id))

    assert await kit.node_identities.find_by_nsk(strict.kept.nsk_sha256) is None
    assert await kit.node_identities.find_by_nsk(lenient.kept.nsk_sha256) == lenient
    assert await kit.node_identities.find_by_nsk(lenient.kept.token_sha256) is None
    await kit.domains.put(replace(LENIENT, accept_nsk_bearer=False))
    assert await kit.node_identities.find_by_nsk(lenient.kept.nsk_sha256) is None


async def test_the_first_use_is_marked_once(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))

    assert await kit.node_identities.mark_used(one.principal, one.kept.token_sha256) is True
    assert await kit.node_identities.mark_used(one.principal, one.kept.token_sha256) is False
    assert await kit.node_identities.find(one.node_id) == replace(one, is_used=True)


async def test_the_node_secret_key_marks_a_use_as_well(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))

    assert await kit.node_identities.mark_used(one.principal, one.kept.nsk_sha256) is True


async def test_a_credential_that_was_renewed_away_marks_no_use(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))
    await kit.node_identities.put_credentials(
        one.renewed(KeptCredentials(b"x" * 32, b"y" * 32, b"sealed anew", 2))
    )

    assert await kit.node_identities.mark_used(one.principal, one.kept.token_sha256) is False
    assert await kit.node_identities.mark_used(one.principal, one.kept.nsk_sha256) is False


async def test_renewed_credentials_replace_the_old_ones(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))
    renewed = one.renewed(KeptCredentials(b"x" * 32, b"y" * 32, b"sealed anew", 2))

    await kit.node_identities.put_credentials(renewed)

    assert await kit.node_identities.find(one.node_id) == renewed


async def test_only_an_unused_living_identity_can_be_claimed(kit: Kit) -> None:
    fresh, used, ended = [await kept_by(kit, identity(number)) for number in (1, 2, 3)]
    await kit.node_identities.mark_used(used.principal, used.kept.token_sha256)
    await kit.node_identities.end(STRICT.id, ended.node_id)

    async with kit.unit_of_work():
        assert await kit.node_identities.claim_unused(STRICT.id, fresh.node_id) == fresh
        assert await kit.node_identities.claim_unused(ELSEWHERE, fresh.node_id) is None
        assert await kit.node_identities.claim_unused(STRICT.id, used.node_id) is None
        assert await kit.node_identities.claim_unused(STRICT.id, ended.node_id) is None


async def test_an_identity_ends_once(kit: Kit) -> None:
    one = await kept_by(kit, identity(1))

    assert await kit.node_identities.end(ELSEWHERE, one.node_id) is False
    assert await kit.node_identities.end(STRICT.id, one.node_id) is True
    assert await kit.node_identities.end(STRICT.id, one.node_id) is False
    assert await kit.node_identities.find(one.node_id) == replace(one, is_ended=True)
    assert await kit.node_identities.mark_used(one.principal, one.kept.token_sha256) is False


async def test_a_domain_is_forgotten_with_its_identities_alone(kit: Kit) -> None:
    gone, kept = await kept_by(kit, identity(1)), await kept_by(kit, identity(2, LENIENT.id))

    await kit.node_identities.forget_domain(STRICT.id)

    assert await kit.node_identities.find(gone.node_id) is None
    assert await kit.node_identities.find(kept.node_id) == kept


async def test_many_identities_are_found_together_and_the_unknown_are_left_out(kit: Kit) -> None:
    one, two = await kept_by(kit, identity(1)), await kept_by(kit, identity(2, LENIENT.id))
    await kept_by(kit, identity(3))

    found = await kit.node_identities.find_all([two.node_id, NodeId(UUID(int=404)), one.node_id])

    assert sorted(found, key=lambda each: each.node_id) == [one, two]
    assert list(await kit.node_identities.find_all([])) == []
