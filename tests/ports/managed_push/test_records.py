"""The trail keeps every push as it landed, and each is rolled back once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.kernel.ids import PushId
from tests.support.identity import EPOCH
from tests.support.managed_push import (
    DOMAIN,
    OTHER_DOMAIN,
    UNKNOWN_DOMAIN,
    ManagedPushKit,
    a_cluster_object,
    a_record,
    a_request,
)

UNDONE_AT = EPOCH + timedelta(hours=1, microseconds=3)
ODD = {"greeting": 'a "quoted" \u2028 line', "nothing": "", "z": "\U0001f512", "a": "\\\\u0000"}


def undone(record: Record) -> Record:
    return record.rolled_back(UNDONE_AT)


@pytest.mark.parametrize("had_prior_state", [False, True])
@pytest.mark.parametrize("parameters", [{}, ODD], ids=["no parameters", "odd parameters"])
async def test_a_record_comes_back_as_it_was_kept(
    kit: ManagedPushKit, had_prior_state: bool, parameters: dict[str, str]
) -> None:
    request = a_request(parameters=parameters, timeout_seconds=86_400, sandbox=False)
    prior = a_cluster_object(request, status={"note": "\u0000 and \ud800"}) if had_prior_state else None
    record = replace(a_record(7, request, prior_state=prior), pushed_at=UNDONE_AT)
    await kit.records.add(record)

    assert await kit.records.get(DOMAIN, record.id) == record


async def test_another_domains_push_is_none(kit: ManagedPushKit) -> None:
    await kit.records.add(a_record(1))

    assert await kit.records.get(OTHER_DOMAIN, a_record(1).id) is None
    assert await kit.records.get(DOMAIN, PushId(UUID(int=2))) is None


async def test_a_domain_that_is_not_there_takes_no_record(kit: ManagedPushKit) -> None:
    with pytest.raises(DomainNotFound) as refused:
        await kit.records.add(a_record(domain_id=UNKNOWN_DOMAIN))

    assert refused.value.domain_id == UNKNOWN_DOMAIN


async def test_a_push_is_rolled_back_once_however_many_try(kit: ManagedPushKit) -> None:
    record = a_record(prior_state=a_cluster_object())
    await kit.records.add(record)
    told = await asyncio.gather(*(kit.records.roll_back(undone(record)) for _ in range(4)))

    assert sorted(told) == [False, False, False, True]
    assert await kit.records.get(DOMAIN, record.id) == undone(record)


async def test_what_is_not_there_is_not_rolled_back(kit: ManagedPushKit) -> None:
    await kit.records.add(a_record(1))

    assert not await kit.records.roll_back(undone(a_record(2)))
    assert not await kit.records.roll_back(undone(a_record(1, domain_id=OTHER_DOMAIN)))


async def test_a_push_is_newest_until_a_later_one_of_its_object_is_applied(kit: ManagedPushKit) -> None:
    first, second = a_record(1), a_record(2, pushed_after=5)
    await kit.records.add(first)
    before = await kit.records.has_newer(first)
    await kit.records.add(second)

    assert not before
    assert await kit.records.has_newer(first)
    assert not await kit.records.has_newer(second)


async def test_a_later_push_that_was_rolled_back_is_in_nobodys_way(kit: ManagedPushKit) -> None:
    await kit.records.add(a_record(1))
    await kit.records.add(a_record(2, pushed_after=5))
    await kit.records.roll_back(undone(a_record(2)))

    assert not await kit.records.has_newer(a_record(1))


@pytest.mark.parametrize("pushed_after", [-5, 0, 5])
async def test_who_came_later_is_the_newer_whatever_clocks_and_ids_say(
    kit: ManagedPushKit, pushed_after: float
) -> None:
    await kit.records.add(a_record(2))
    await kit.records.add(a_record(1, pushed_after=pushed_after))

    assert await kit.records.has_newer(a_record(2))
    assert not await kit.records.has_newer(a_record(1, pushed_after=pushed_after))


@pytest.mark.parametrize(
    "other",
    [
        a_record(2, a_request("restore"), pushed_after=5),
        a_record(2, a_request(namespace="elsewhere"), pushed_after=5),
        a_record(2, domain_id=OTHER_DOMAIN, pushed_after=5),
    ],
    ids=["name", "namespace", "Domain"],
)
async def test_a_push_of_another_object_is_in_nobodys_way(kit: ManagedPushKit, other: Record) -> None:
    await kit.records.add(a_record(1))
    await kit.records.add(other)

    assert not await kit.records.has_newer(a_record(1))


async def test_the_trail_goes_with_its_domain(kit: ManagedPushKit) -> None:
    await kit.records.add(a_record(1))
    await kit.forget_domain(DOMAIN)

    assert await kit.records.get(DOMAIN, a_record(1).id) is None
