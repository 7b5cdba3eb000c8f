"""A bootstrap token admits one machine; its lost answer is repeated, and nothing else (design D10)."""

from collections.abc import Awaitable
from dataclasses import replace
from uuid import UUID

import pytest

from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant
from plexsphere.identity.domain.errors import (
    BootstrapTokenSpent,
    CredentialRefused,
    NodeIdentityNotFound,
    TokenInvalid,
)
from plexsphere.identity.domain.node_identity import NodePrincipal, nsk_binding
from plexsphere.identity.domain.token_text import TokenKind, digest, token_text
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import Kit
from tests.support.identity_scene import ACME, SHOP, Scene, machine

WEB = machine(40)
WEB_AGAIN = machine(41)


@pytest.fixture
async def scene(kit: Kit) -> Scene:
    scene = Scene(kit)
    await scene.set()
    return scene


async def refused(attempt: Awaitable[object]) -> bool:
    try:
        await attempt
    except TokenInvalid:
        return True
    return False


async def test_a_good_token_admits_its_machine_with_what_the_token_carries(scene: Scene) -> None:
    token = await scene.ticket(BootstrapTokenTerms(kind="bridge", labels={"role": "edge"}))

    async with scene.kit.unit_of_work():
        outcome = await scene.redeem(token, WEB)

    assert isinstance(outcome, Admitted)
    assert (outcome.domain_id, outcome.project_id) == (ACME.id, SHOP.id)
    assert (outcome.kind, outcome.labels) == ("bridge", {"role": "edge"})


async def test_a_spent_token_admits_nobody_else(scene: Scene) -> None:
    """C01: whoever comes second with another key and hostname gets nothing."""
    token = await scene.ticket()
    await scene.enrol(token, WEB)

    assert await refused(scene.enrol(token, machine(42, b"q" * 32, "web-02")))


def altered(token: Secret[str]) -> Secret[str]:
    text = token.reveal()
    return Secret(text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1])


async def test_the_right_row_with_the_wrong_secret_is_refused_and_burns_nothing(scene: Scene) -> None:
    """C03: a refusal leaves the token as it was."""
    token = await scene.ticket()

    assert await refused(scene.enrol(altered(token), WEB))
    await scene.enrol(token, WEB)
    assert await refused(scene.enrol(altered(token), WEB_AGAIN))


async def test_what_fails_after_the_redemption_burns_nothing(scene: Scene) -> None:
    """C03: a 400 or 409 of the registration leaves the token as it was."""
    token = await scene.ticket()

    async def taken() -> None:
        async with scene.kit.unit_of_work():
            await scene.redeem(token, WEB)
            raise FileExistsError("hostname taken")

    with pytest.raises(FileExistsError):
        await taken()
    assert (await scene.enrol(token, WEB)).node_token


@pytest.mark.parametrize(
    "text",
    ["", "plx_enroll_", "plx_enroll_a8f3c7", "psb_prod_x_node_y", "plx_enroll_" + "0" * 32 + "_" + "A" * 43],
    ids=["empty", "prefix only", "short", "foreign", "unknown"],
)
async def test_texts_that_are_no_token_of_ours_are_refused_alike(scene: Scene, text: str) -> None:
    """M09: a prefix alone proves nothing."""
    assert await refused(scene.redeem(Secret(text), WEB))


async def test_a_token_of_another_kind_is_no_bootstrap_token(scene: Scene) -> None:
    token = await scene.ticket()
    text = token.reveal()

    assert await refused(scene.redeem(Secret(text.replace("plx_enroll_", "plx_node_")), WEB))
    assert await refused(scene.redeem(Secret(text.replace("plx_enroll_", "plx_api_")), WEB))
    assert await refused(scene.redeem(Secret(text + "\n"), WEB))
    await scene.enrol(token, WEB)


async def test_an_expired_token_admits_nobody(scene: Scene) -> None:
    """M11."""
    token = await scene.ticket(BootstrapTokenTerms(ttl_seconds=300))
    await scene.kit.let_time_pass(301)

    assert await refused(scene.enrol(token, WEB))


async def test_the_node_proves_itself_by_its_token(scene: Scene) -> None:
    credentials = await scene.enrol(await scene.ticket(), WEB)
    authenticate = scene.authenticate_node()

    assert await authenticate(credentials.node_token) == NodePrincipal(ACME.id, WEB.node_id)
    with pytest.raises(CredentialRefused):
        await authenticate(altered(credentials.node_token))


async def test_the_node_secret_key_is_kept_sealed_in_its_own_place(scene: Scene) -> None:
    """C35, H46: nothing that is kept shows a credential."""
    credentials = await scene.enrol(await scene.ticket(), WEB)

    identity = await scene.kit.node_identities.find(WEB.node_id)

    assert identity is not None
    key = scene.sealer.open(identity.kept.nsk_sealed, nsk_binding(ACME.id, WEB.node_id, 1))
    assert len(key.reveal()) == 32
    assert identity.kept.token_sha256 == digest(credentials.node_token)
    assert identity.kept.nsk_sha256 == digest(credentials.node_secret_key)


async def test_a_lost_answer_is_repeated_for_the_same_machine(scene: Scene) -> None:
    token = await scene.ticket()
    lost = await scene.enrol(token, WEB)

    async with scene.kit.unit_of_work():
        assert await scene.redeem(token, WEB_AGAIN) == Again(ACME.id, WEB.node_id)
    renewed = await scene.enrol(token, WEB_AGAIN)

    authenticate = scene.authenticate_node()
    assert await authenticate(renewed.node_token) == NodePrincipal(ACME.id, WEB.node_id)
    with pytest.raises(CredentialRefused):
        await authenticate(lost.node_token)
    assert renewed.node_secret_key != lost.node_secret_key
    identity = await scene.kit.node_identities.find(WEB.node_id)
    assert identity is not None
    assert identity.kept.nsk_version == 2
    assert scene.sealer.open(identity.kept.nsk_sealed, nsk_binding(ACME.id, WEB.node_id, 2))


async def test_one_authenticated_call_ends_the_exception(scene: Scene) -> None:
    token = await scene.ticket()
    await scene.enrol(token, WEB)
    renewed = await scene.enrol(token, WEB_AGAIN)

    await scene.authenticate_node()(renewed.node_token)

    assert await refused(scene.enrol(token, WEB_AGAIN))


async def test_a_refused_call_does_not_end_the_exception(scene: Scene) -> None:
    token = await scene.ticket()
    lost = await scene.enrol(token, WEB)
    await scene.enrol(token, WEB_AGAIN)

    with pytest.raises(CredentialRefused):
        await scene.authenticate_node()(lost.node_token)

    assert await scene.enrol(token, WEB_AGAIN)


async def test_the_exception_outlives_the_token_s_own_expiry(scene: Scene) -> None:
    token = await scene.ticket(BootstrapTokenTerms(ttl_seconds=300))
    await scene.kit.let_time_pass(299)
    await scene.enrol(token, WEB)

    await scene.kit.let_time_pass(590)
    assert await scene.enrol(token, WEB_AGAIN)
    await scene.kit.let_time_pass(11)
    assert await refused(scene.enrol(token, WEB_AGAIN))


@pytest.mark.parametrize(
    "stranger",
    [machine(41, b"q" * 32), machine(41, hostname="web-02")],
    ids=["another key", "another hostname"],
)
async def test_the_exception_is_for_the_same_key_and_hostname(scene: Scene, stranger: Applicant) -> None:
    token = await scene.ticket()
    await scene.enrol(token, WEB)

    assert await refused(scene.enrol(token, stranger))


async def test_an_identity_that_ended_is_not_given_again(scene: Scene) -> None:
    token = await scene.ticket()
    await scene.enrol(token, WEB)

    await scene.end(ACME.id, WEB.node_id)

    assert await refused(scene.enrol(token, WEB_AGAIN))
    with pytest.raises(NodeIdentityNotFound):
        await scene.renew(Again(ACME.id, WEB.node_id))


async def test_a_used_identity_is_not_renewed(scene: Scene) -> None:
    credentials = await scene.enrol(await scene.ticket(), WEB)
    await scene.authenticate_node()(credentials.node_token)

    with pytest.raises(NodeIdentityNotFound):
        await scene.renew(Again(ACME.id, WEB.node_id))


async def test_an_ended_identity_proves_nothing(scene: Scene) -> None:
    credentials = await scene.enrol(await scene.ticket(), WEB)
    authenticate = scene.authenticate_node()
    await authenticate(credentials.node_token)

    await scene.end(ACME.id, WEB.node_id)

    with pytest.raises(CredentialRefused):
        await authenticate(credentials.node_token)
    with pytest.raises(NodeIdentityNotFound):
        await scene.end(ACME.id, WEB.node_id)


async def test_a_token_for_a_node_that_never_was_is_refused(scene: Scene) -> None:
    forged = token_text(TokenKind.NODE, NodeId(UUID(int=404)), bytes(32))

    with pytest.raises(CredentialRefused):
        await scene.authenticate_node()(forged)


async def test_a_node_secret_key_is_a_bearer_only_where_its_domain_says_so(scene: Scene) -> None:
    credentials = await scene.enrol(await scene.ticket(), WEB)

    with pytest.raises(CredentialRefused):
        await scene.authenticate_node()(credentials.node_secret_key)
    await scene.kit.domains.put(replace(ACME, accept_nsk_bearer=True))
    assert await scene.authenticate_node()(credentials.node_secret_key) == NodePrincipal(ACME.id, WEB.node_id)


async def test_the_node_secret_key_ends_the_exception_as_well(scene: Scene) -> None:
    await scene.kit.domains.put(replace(ACME, accept_nsk_bearer=True))
    token = await scene.ticket()
    credentials = await scene.enrol(token, WEB)

    await scene.authenticate_node()(credentials.node_secret_key)

    assert await refused(scene.enrol(token, WEB_AGAIN))


async def test_a_consumed_token_cannot_be_revoked(scene: Scene) -> None:
    from plexsphere.identity.application.revoke_bootstrap_token import RevokeBootstrapToken

    token = await scene.ticket()
    await scene.enrol(token, WEB)
    page = await scene.kit.bootstrap_tokens.page(SHOP, None, 1)
    revoke = RevokeBootstrapToken(scene.kit.unit_of_work, scene.kit.bootstrap_tokens)

    with pytest.raises(BootstrapTokenSpent):
        await revoke(SHOP.id, page.items[0].id)
