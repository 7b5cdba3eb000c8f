"""API tokens are issued, listed, rotated and taken back; the first operator is let in."""

from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.identity.application.get_api_token import GetApiToken
from plexsphere.identity.application.list_api_tokens import ListApiTokens
from plexsphere.identity.application.mint_operator import MintOperator
from plexsphere.identity.domain.api_token import ApiTokenTerms
from plexsphere.identity.domain.errors import ApiTokenNotFound, IdentityNotFound, TooManyApiTokens
from plexsphere.identity.domain.token_text import digest
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import PrincipalId, TokenId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from tests.support.identity import (
    CountingIds,
    FakeClock,
    MemoryAuditTrail,
    MemoryRelations,
    MemoryStore,
    memory_kit,
)
from tests.support.identity_scene import ADA, Scene

NOBODY = PrincipalId(UUID(int=404))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(FakeClock())


@pytest.fixture
async def scene(store: MemoryStore) -> Scene:
    scene = Scene(memory_kit(store))
    await scene.set()
    return scene


async def test_only_the_digest_of_an_issued_token_is_kept(scene: Scene, store: MemoryStore) -> None:
    issued = await scene.issue_api_token(ADA.id, ApiTokenTerms("stage", 60))

    row = store.state.api_tokens[issued.token.id]
    assert row.secret_sha256 == digest(issued.plaintext)
    assert issued.token.expires_at - issued.token.created_at == timedelta(minutes=1)
    assert issued.token.env_prefix == "stage"
    assert issued.plaintext.reveal().startswith(f"plx_api_{issued.token.id.hex}_")


async def test_a_token_is_issued_to_somebody(scene: Scene) -> None:
    with pytest.raises(IdentityNotFound):
        await scene.issue_api_token(NOBODY, ApiTokenTerms("prod"))


async def test_a_token_can_be_found_and_listed_until_it_is_revoked(scene: Scene) -> None:
    issued = await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))
    get, list_ = GetApiToken(scene.kit.api_tokens), ListApiTokens(scene.kit.api_tokens)

    assert await get(issued.token.id) == issued.token
    assert await list_(ADA.id) == (issued.token,)
    await scene.revoke_api_token(ADA.id, issued.token.id)
    assert await list_(ADA.id) == ()
    with pytest.raises(ApiTokenNotFound):
        await get(issued.token.id)


async def test_somebody_else_s_token_is_neither_revoked_nor_rotated(scene: Scene) -> None:
    """C04: a foreign token is answered like an unknown one."""
    issued = await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))

    for token_id in (issued.token.id, TokenId(UUID(int=404))):
        with pytest.raises(ApiTokenNotFound):
            await scene.revoke_api_token(NOBODY, token_id)
        with pytest.raises(ApiTokenNotFound):
            await scene.rotate_api_token(NOBODY, token_id)

    assert await scene.kit.api_tokens.get(issued.token.id) == issued.token


async def test_a_rotation_that_cannot_issue_retires_nothing(scene: Scene) -> None:
    tokens = [(await scene.issue_api_token(ADA.id, ApiTokenTerms("prod"))).token for _ in range(200)]

    with pytest.raises(TooManyApiTokens):
        await scene.rotate_api_token(ADA.id, tokens[0].id)

    assert await scene.kit.api_tokens.get(tokens[0].id) == tokens[0]


async def test_a_refused_revocation_raises_no_epoch(scene: Scene) -> None:
    before = await scene.kit.credential_epochs.read()

    with pytest.raises(ApiTokenNotFound):
        await scene.revoke_api_token(ADA.id, TokenId(UUID(int=404)))

    assert await scene.kit.credential_epochs.read() == before


async def test_a_minted_operator_administers_the_platform_and_the_trail_says_so(
    scene: Scene, store: MemoryStore
) -> None:
    trail = MemoryAuditTrail()
    mint = MintOperator(
        scene.kit.unit_of_work,
        scene.kit.principals,
        scene.issue_api_token,
        MemoryRelations(store),
        trail,
        CountingIds(500),
        scene.clock,
    )

    minted = await mint()

    principal = await scene.authenticate_operator()(minted.plaintext)
    assert principal.domain_id is None
    assert store.state.relations == {(principal.reference, "admin", PLATFORM_OBJECT)}
    assert trail.entries == [AuditEntry(None, str(principal.reference), "admin", PLATFORM_OBJECT)]
    assert minted.token.env_prefix == "prod"
