"""Bootstrap tokens live by the store's own time and are consumed once."""

from uuid import UUID

import pytest

from plexsphere.identity.domain.bootstrap_token import BootstrapToken, BootstrapTokenKind, BootstrapTokenTerms
from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant, Redemption
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.node_identity import KeptCredentials, NodeIdentity, NodePrincipal
from plexsphere.platform.kernel.ids import NodeId, PrincipalId, ProjectId, TokenId
from tests.support.identity import Kit, a_domain, a_project

ACME = a_domain(1, "acme")
SHOP = a_project(10, ACME, "shop")
OPERATOR = PrincipalId(UUID(int=20))
DIGEST = bytes(range(32))
NODE = NodeId(UUID(int=40))
WEB = Applicant(NODE, b"p" * 32, "web-01")
TOKEN = TokenId(UUID(int=30))
UNKNOWN = TokenId(UUID(int=404))


async def issued(kit: Kit, terms: BootstrapTokenTerms | None = None, number: int = 30) -> BootstrapToken:
    if await kit.domains.get(ACME.id) is None:
        await kit.domains.add(ACME)
        await kit.projects.add(SHOP)
    return await kit.bootstrap_tokens.add(
        TokenId(UUID(int=number)), SHOP, OPERATOR, terms or BootstrapTokenTerms(), DIGEST
    )


async def with_identity(kit: Kit) -> NodeIdentity:
    kept = KeptCredentials(b"t" * 32, b"n" * 32, b"sealed", 1)
    identity = NodeIdentity(ACME.id, NODE, TOKEN, WEB.public_key, WEB.hostname, kept)
    await kit.node_identities.add(identity)
    return identity


async def test_a_token_comes_back_as_it_was_issued(kit: Kit) -> None:
    terms = BootstrapTokenTerms("bridge", "stage", 300, {"role": "db", "rack/row": "ä 7"})

    token = await issued(kit, terms)

    assert await kit.bootstrap_tokens.get(SHOP.id, token.id) == token
    assert (token.kind, token.env_prefix, token.labels) == (BootstrapTokenKind.BRIDGE, "stage", terms.labels)
    assert (token.domain_id, token.project_id, token.issued_by) == (ACME.id, SHOP.id, OPERATOR)
    assert (token.expires_at - token.issued_at).total_seconds() == 300
    assert (token.consumed_at, token.consumed_by, token.revoked_at) == (None, None, None)


async def test_a_token_belongs_to_its_project_alone(kit: Kit) -> None:
    other = ProjectId(UUID(int=11))
    token = await issued(kit)

    assert await kit.bootstrap_tokens.get(other, token.id) is None
    assert await kit.bootstrap_tokens.revoke(other, token.id) is False
    assert await kit.bootstrap_tokens.redeem(token.id, WEB) is not None


async def test_a_token_needs_its_project(kit: Kit) -> None:
    with pytest.raises(ProjectNotFound):
        async with kit.unit_of_work():
            await kit.bootstrap_tokens.add(TOKEN, SHOP, OPERATOR, BootstrapTokenTerms(), DIGEST)


async def test_tokens_are_listed_in_the_order_of_issue(kit: Kit) -> None:
    for number in (32, 30, 31):
        await issued(kit, number=number)

    first = await kit.bootstrap_tokens.page(SHOP, None, 2)
    rest = await kit.bootstrap_tokens.page(SHOP, first.items[-1].id, 2)

    assert [token.id.int for token in first.items] == [30, 31]
    assert [token.id.int for token in rest.items] == [32]
    assert (first.more, rest.more) == (True, False)


async def test_a_redeemed_token_is_bound_to_its_node_and_to_no_other(kit: Kit) -> None:
    token = await issued(kit, BootstrapTokenTerms(labels={"role": "db"}))

    redemption = await kit.bootstrap_tokens.redeem(token.id, WEB)

    admitted = Admitted(ACME.id, SHOP.id, BootstrapTokenKind.NODE, {"role": "db"}, token.id)
    assert redemption == Redemption(admitted, DIGEST)
    kept = await kit.bootstrap_tokens.get(SHOP.id, token.id)
    assert kept is not None
    assert kept.consumed_by == NODE
    assert kept.consumed_at is not None
    assert await kit.bootstrap_tokens.redeem(token.id, WEB) is None


async def test_an_unknown_token_is_redeemed_by_nobody(kit: Kit) -> None:
    assert await kit.bootstrap_tokens.redeem(UNKNOWN, WEB) is None
    assert await kit.bootstrap_tokens.redeemed(UNKNOWN, WEB) is None


async def test_a_token_is_good_until_the_store_s_own_clock_says_otherwise(kit: Kit) -> None:
    """M11: expiry is judged by database time."""
    alive, expired = await issued(kit, number=30), await issued(kit, number=31)

    await kit.let_time_pass(3590)
    assert await kit.bootstrap_tokens.redeem(alive.id, WEB) is not None
    await kit.let_time_pass(11)
    assert await kit.bootstrap_tokens.redeem(expired.id, WEB) is None


async def test_a_revoked_token_is_redeemed_by_nobody(kit: Kit) -> None:
    token = await issued(kit)

    assert await kit.bootstrap_tokens.revoke(SHOP.id, token.id) is True
    assert await kit.bootstrap_tokens.revoke(SHOP.id, token.id) is False
    assert await kit.bootstrap_tokens.redeem(token.id, WEB) is None
    kept = await kit.bootstrap_tokens.get(SHOP.id, token.id)
    assert kept is not None
    assert kept.revoked_at is not None


async def test_a_consumed_token_is_not_revoked(kit: Kit) -> None:
    token = await issued(kit)
    await kit.bootstrap_tokens.redeem(token.id, WEB)

    assert await kit.bootstrap_tokens.revoke(SHOP.id, token.id) is False
    assert await kit.bootstrap_tokens.revoke(SHOP.id, UNKNOWN) is False


async def test_the_same_machine_is_known_again_for_ten_minutes(kit: Kit) -> None:
    token = await issued(kit)
    await kit.bootstrap_tokens.redeem(token.id, WEB)
    await with_identity(kit)
    same_machine = Applicant(NodeId(UUID(int=41)), WEB.public_key, WEB.hostname)

    await kit.let_time_pass(590)
    assert await kit.bootstrap_tokens.redeemed(token.id, same_machine) == Redemption(
        Again(ACME.id, NODE), DIGEST
    )
    await kit.let_time_pass(11)
    assert await kit.bootstrap_tokens.redeemed(token.id, same_machine) is None


@pytest.mark.parametrize(
    "stranger",
    [Applicant(NODE, b"q" * 32, WEB.hostname), Applicant(NODE, WEB.public_key, "web-02")],
    ids=["another key", "another hostname"],
)
async def test_another_machine_is_not_known_again(kit: Kit, stranger: Applicant) -> None:
    token = await issued(kit)
    await kit.bootstrap_tokens.redeem(token.id, WEB)
    await with_identity(kit)

    assert await kit.bootstrap_tokens.redeemed(token.id, stranger) is None


async def test_a_used_identity_is_not_known_again(kit: Kit) -> None:
    token = await issued(kit)
    await kit.bootstrap_tokens.redeem(token.id, WEB)
    identity = await with_identity(kit)

    await kit.node_identities.mark_used(NodePrincipal(ACME.id, NODE), identity.kept.token_sha256)

    assert await kit.bootstrap_tokens.redeemed(token.id, WEB) is None


async def test_an_ended_identity_is_not_known_again(kit: Kit) -> None:
    token = await issued(kit)
    await kit.bootstrap_tokens.redeem(token.id, WEB)
    await with_identity(kit)

    await kit.node_identities.end(ACME.id, NODE)

    assert await kit.bootstrap_tokens.redeemed(token.id, WEB) is None


async def test_a_rolled_back_redemption_leaves_the_token_as_it_was(kit: Kit) -> None:
    token = await issued(kit)

    async def interrupted() -> None:
        async with kit.unit_of_work():
            await kit.bootstrap_tokens.redeem(token.id, WEB)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await interrupted()
    assert await kit.bootstrap_tokens.get(SHOP.id, token.id) == token
    assert await kit.bootstrap_tokens.redeem(token.id, WEB) is not None
