"""The journal: one intent for an object, whose it is within its lease, and who takes it over behind it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.intent import Deed, Intent
from tests.support.managed_push import (
    DOMAIN,
    OTHER_DOMAIN,
    UNKNOWN_DOMAIN,
    ManagedPushKit,
    a_cluster_object,
    a_request,
    an_intent,
)

LEASE = timedelta(seconds=60)
HOUR = 3600.0


async def opened(kit: ManagedPushKit, *intents: Intent) -> None:
    for intent in intents:
        assert await kit.journal.open(intent, LEASE)


async def taken(kit: ManagedPushKit, limit: int = 10) -> list[Intent]:
    return list(await kit.journal.take_overdue(limit, LEASE))


async def overdue(kit: ManagedPushKit, limit: int = 10) -> list[Intent]:
    return list(await kit.journal.overdue_of(DOMAIN, limit))


@pytest.mark.parametrize("deed", Deed)
async def test_an_intent_comes_back_as_it_was_opened(kit: ManagedPushKit, deed: Deed) -> None:
    await opened(kit, intent := an_intent(deed=deed))
    await kit.let_time_pass(61)

    assert await taken(kit) == [intent]


async def test_there_is_one_intent_for_an_object_however_many_want_it(kit: ManagedPushKit) -> None:
    told = await asyncio.gather(*(kit.journal.open(an_intent(number), LEASE) for number in range(1, 5)))

    assert sorted(told) == [False, False, False, True]


async def test_objects_of_other_names_namespaces_and_domains_have_their_own(kit: ManagedPushKit) -> None:
    await opened(
        kit,
        an_intent(1),
        an_intent(2, a_request("restore")),
        an_intent(3, a_request(namespace="elsewhere")),
        an_intent(4, domain_id=OTHER_DOMAIN),
    )

    await kit.let_time_pass(61)

    assert len(await taken(kit)) == 4


async def test_an_intent_past_its_lease_still_has_the_turn(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent(1))
    await kit.let_time_pass(HOUR)

    assert not await kit.journal.open(an_intent(2), LEASE)


async def test_a_domain_that_is_not_there_takes_no_intent(kit: ManagedPushKit) -> None:
    with pytest.raises(DomainNotFound) as refused:
        await kit.journal.open(an_intent(domain_id=UNKNOWN_DOMAIN), LEASE)

    assert refused.value.domain_id == UNKNOWN_DOMAIN


@pytest.mark.parametrize("prior", [None, a_cluster_object(status={"note": "\u0000"})], ids=["none", "some"])
async def test_what_was_captured_comes_back_as_it_was(kit: ManagedPushKit, prior: None) -> None:
    await opened(kit, intent := an_intent())
    captured = await kit.journal.capture(intent, prior)
    await kit.let_time_pass(61)

    assert captured == replace(intent, is_captured=True, prior_state=prior)
    assert await taken(kit) == [captured]


async def test_a_later_capture_takes_the_place_of_the_earlier_one(kit: ManagedPushKit) -> None:
    await opened(kit, intent := an_intent())
    await kit.journal.capture(intent, a_cluster_object())
    again = await kit.journal.capture(intent, None)
    await kit.let_time_pass(61)

    assert again is not None
    assert again.prior_state is None
    assert await taken(kit) == [again]


async def test_nothing_is_captured_for_an_intent_that_is_settled(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent(1))
    await kit.journal.close(an_intent(1))
    behind = await kit.journal.capture(an_intent(1), None)
    await opened(kit, an_intent(2))

    assert behind is None
    assert await kit.journal.capture(an_intent(1), None) is None


async def test_nothing_is_captured_past_the_lease(kit: ManagedPushKit) -> None:
    """C30: who settles the write of a writer that is gone can be sure that nothing more is sent under it."""
    await opened(kit, an_intent(1))
    await kit.let_time_pass(61)
    late = await kit.journal.capture(an_intent(1), None)
    await taken(kit)

    assert late is None
    assert await kit.journal.capture(an_intent(1), None) is None
    assert await overdue(kit) == [an_intent(1)]


async def test_an_intent_is_struck_out_once_however_many_try(kit: ManagedPushKit) -> None:
    await opened(kit, intent := an_intent())
    captured = await kit.journal.capture(intent, None)
    assert captured is not None
    told = await asyncio.gather(*(kit.journal.close(each) for each in [intent, captured] * 2))

    assert sorted(told) == [False, False, False, True]
    assert await kit.journal.open(an_intent(2), LEASE)


async def test_nobody_strikes_out_anothers_intent(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent(1))

    assert not await kit.journal.close(an_intent(2))
    assert not await kit.journal.close(an_intent(1, deed=Deed.ROLLBACK))
    assert not await kit.journal.close(an_intent(1, domain_id=OTHER_DOMAIN))
    assert await kit.journal.has_live(DOMAIN)


async def test_within_its_lease_an_intent_is_its_writers(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent())
    await kit.let_time_pass(50)

    assert await taken(kit) == []
    assert await overdue(kit) == []
    assert await kit.journal.has_live(DOMAIN)
    assert not await kit.journal.has_live(OTHER_DOMAIN)


async def test_past_its_lease_nobody_is_waited_for_and_one_takes_it_over(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent())
    await kit.let_time_pass(61)

    assert await taken(kit) == [an_intent()]
    assert await taken(kit) == []
    assert not await kit.journal.has_live(DOMAIN)


async def test_each_overdue_intent_is_taken_by_one_of_many(kit: ManagedPushKit) -> None:
    await opened(kit, *(an_intent(number, a_request(f"hook-{number}")) for number in range(1, 9)))
    await kit.let_time_pass(61)
    held = [intent for each in await asyncio.gather(*(taken(kit, 3) for _ in range(4))) for intent in each]

    assert len({intent.push_id for intent in held}) == len(held)


async def test_the_longest_overdue_are_taken_first_and_no_more_than_asked_for(kit: ManagedPushKit) -> None:
    for number in (3, 1, 2):
        await opened(kit, an_intent(number, a_request(f"hook-{number}")))
        await kit.let_time_pass(1)
    await kit.let_time_pass(61)

    assert [intent.push_id.int for intent in await taken(kit, 2)] == [3, 1]
    assert [intent.push_id.int for intent in await taken(kit, 2)] == [2]


async def test_an_intent_that_nobody_can_settle_is_left_alone_for_longer_each_time(
    kit: ManagedPushKit,
) -> None:
    await opened(kit, an_intent())
    await kit.let_time_pass(61)
    await taken(kit)

    for pause in (60, 120, 240, 480, 960, 1920, 3600, 3600, 3600):
        await kit.let_time_pass(pause - 5)
        assert await taken(kit) == []
        await kit.let_time_pass(6)
        assert await taken(kit) == [an_intent()]


async def test_who_settles_a_domain_waits_for_no_pause_and_makes_none(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent(1), an_intent(2, domain_id=OTHER_DOMAIN))
    await kit.let_time_pass(61)
    before = await overdue(kit)
    held = await taken(kit)

    assert before == await overdue(kit) == [an_intent(1)]
    assert sorted(intent.push_id.int for intent in held) == [1, 2]


async def test_a_domains_longest_overdue_come_first(kit: ManagedPushKit) -> None:
    for number in (3, 1, 2):
        await opened(kit, an_intent(number, a_request(f"hook-{number}")))
        await kit.let_time_pass(1)
    await kit.let_time_pass(61)

    assert [intent.push_id.int for intent in await overdue(kit, 2)] == [3, 1]


async def test_intents_go_with_their_domain(kit: ManagedPushKit) -> None:
    await opened(kit, an_intent())
    await kit.forget_domain(DOMAIN)

    assert not await kit.journal.has_live(DOMAIN)
    assert not await kit.journal.close(an_intent())
