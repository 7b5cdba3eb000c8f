"""A Domain has one target at most, as it was attached last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plexsphere.managed_push.domain.errors import DomainNotFound
from tests.support.identity import EPOCH
from tests.support.managed_push import DOMAIN, OTHER_DOMAIN, UNKNOWN_DOMAIN, ManagedPushKit, a_target

LATER = EPOCH + timedelta(days=1, microseconds=7)


async def test_a_target_comes_back_as_it_was_attached(kit: ManagedPushKit) -> None:
    target = a_target(ciphertext=bytes(range(256)))

    assert await kit.targets.put(target) == target
    assert await kit.targets.get(DOMAIN) == target
    assert await kit.targets.get(OTHER_DOMAIN) is None


async def test_attaching_again_replaces_all_but_the_first_time(kit: ManagedPushKit) -> None:
    await kit.targets.put(a_target())
    again = replace(
        a_target(ciphertext=b"t" * 131_072, enabled=False),
        kubeconfig_sha256="cd" * 32,
        api_server_url="https://other.example",
        created_at=LATER,
        updated_at=LATER,
    )

    assert await kit.targets.put(again) == replace(again, created_at=EPOCH)
    assert await kit.targets.get(DOMAIN) == replace(again, created_at=EPOCH)


async def test_a_target_that_is_forgotten_is_gone_and_takes_no_other_along(kit: ManagedPushKit) -> None:
    await kit.targets.put(a_target())
    await kit.targets.put(a_target(OTHER_DOMAIN))

    assert await kit.targets.remove(DOMAIN)
    assert not await kit.targets.remove(DOMAIN)
    assert await kit.targets.get(DOMAIN) is None
    assert await kit.targets.get(OTHER_DOMAIN) == a_target(OTHER_DOMAIN)


async def test_a_domain_that_is_not_there_takes_no_target(kit: ManagedPushKit) -> None:
    with pytest.raises(DomainNotFound) as refused:
        await kit.targets.put(a_target(UNKNOWN_DOMAIN))

    assert refused.value.domain_id == UNKNOWN_DOMAIN


async def test_a_target_goes_with_its_domain(kit: ManagedPushKit) -> None:
    await kit.targets.put(a_target())
    await kit.forget_domain(DOMAIN)

    assert await kit.targets.get(DOMAIN) is None


async def test_what_a_unit_of_work_attached_is_gone_when_it_fails(kit: ManagedPushKit) -> None:
    async def attach_and_fail() -> None:
        async with kit.unit_of_work():
            await kit.targets.put(a_target())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await attach_and_fail()

    assert await kit.targets.get(DOMAIN) is None
