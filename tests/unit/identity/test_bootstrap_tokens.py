"""Bootstrap tokens are issued, shown and taken back."""

from uuid import UUID

import pytest

from plexsphere.identity.application.get_bootstrap_token import GetBootstrapToken
from plexsphere.identity.application.list_bootstrap_tokens import ListBootstrapTokens
from plexsphere.identity.application.revoke_bootstrap_token import RevokeBootstrapToken
from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.errors import (
    BootstrapTokenNotFound,
    BootstrapTokenSpent,
    ProjectNotFound,
    TokenInvalid,
)
from plexsphere.identity.domain.token_text import digest
from plexsphere.platform.kernel.ids import ProjectId, TokenId
from tests.support.identity import FakeClock, MemoryStore, memory_kit
from tests.support.identity_scene import OPERATOR, SHOP, Scene, machine

ELSEWHERE = ProjectId(UUID(int=404))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(FakeClock())


@pytest.fixture
async def scene(store: MemoryStore) -> Scene:
    scene = Scene(memory_kit(store))
    await scene.set()
    return scene


async def test_only_the_digest_of_an_issued_token_is_kept(scene: Scene, store: MemoryStore) -> None:
    issued = await scene.issue_bootstrap_token(SHOP.id, OPERATOR, BootstrapTokenTerms(labels={"a": "b"}))

    assert store.state.bootstrap_tokens[issued.token.id].secret_sha256 == digest(issued.plaintext)
    assert issued.plaintext.reveal().startswith(f"plx_enroll_{issued.token.id.hex}_")
    assert (issued.token.issued_by, issued.token.labels) == (OPERATOR, {"a": "b"})


async def test_tokens_belong_to_a_project_that_exists(scene: Scene) -> None:
    with pytest.raises(ProjectNotFound):
        await scene.issue_bootstrap_token(ELSEWHERE, OPERATOR, BootstrapTokenTerms())
    with pytest.raises(ProjectNotFound):
        await ListBootstrapTokens(scene.kit.projects, scene.kit.bootstrap_tokens)(ELSEWHERE, 5)


async def test_tokens_are_listed_page_by_page(scene: Scene) -> None:
    tokens = [
        (await scene.issue_bootstrap_token(SHOP.id, OPERATOR, BootstrapTokenTerms())).token for _ in range(3)
    ]
    list_ = ListBootstrapTokens(scene.kit.projects, scene.kit.bootstrap_tokens)

    first = await list_(SHOP.id, 2)
    rest = await list_(SHOP.id, 2, first.items[-1].id)

    assert [*first.items, *rest.items] == tokens


async def test_a_revoked_token_admits_nobody_and_is_not_revoked_twice(scene: Scene) -> None:
    issued = await scene.issue_bootstrap_token(SHOP.id, OPERATOR, BootstrapTokenTerms())
    revoke = RevokeBootstrapToken(scene.kit.unit_of_work, scene.kit.bootstrap_tokens)

    await revoke(SHOP.id, issued.token.id)

    with pytest.raises(TokenInvalid):
        await scene.enrol(issued.plaintext, machine(40))
    with pytest.raises(BootstrapTokenSpent):
        await revoke(SHOP.id, issued.token.id)


async def test_another_project_s_token_is_not_found(scene: Scene) -> None:
    """C04: a foreign token is answered like an unknown one."""
    issued = await scene.issue_bootstrap_token(SHOP.id, OPERATOR, BootstrapTokenTerms())
    get = GetBootstrapToken(scene.kit.bootstrap_tokens)
    revoke = RevokeBootstrapToken(scene.kit.unit_of_work, scene.kit.bootstrap_tokens)

    assert await get(SHOP.id, issued.token.id) == issued.token
    for project_id, token_id in [(ELSEWHERE, issued.token.id), (SHOP.id, TokenId(UUID(int=404)))]:
        with pytest.raises(BootstrapTokenNotFound):
            await get(project_id, token_id)
        with pytest.raises(BootstrapTokenNotFound):
            await revoke(project_id, token_id)
