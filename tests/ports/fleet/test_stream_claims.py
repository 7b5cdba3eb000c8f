"""Claims of streams have one order, and of each node the last is kept (design D24)."""

import asyncio
from itertools import pairwise

import pytest

from plexsphere.fleet.ports.stream_claims import StreamClaim
from plexsphere.platform.ids import mint_id
from tests.support.fleet import DOMAIN, OTHER_DOMAIN, FleetKit, a_node

ONE, TWO = a_node(1), a_node(2, OTHER_DOMAIN)


def claim_of(number: int) -> StreamClaim:
    return StreamClaim(DOMAIN, a_node(number).id, mint_id())


async def test_what_is_put_later_has_a_higher_number_and_is_read_in_that_order(kit: FleetKit) -> None:
    claims, first, second = kit.stream_claims, [claim_of(1), claim_of(2)], [claim_of(3)]
    before = await claims.last()

    await claims.put(first)
    await claims.put(second)

    read = await claims.behind(before, 10)
    assert [claim for _, claim in read] == [*first, *second]
    assert [number for number, _ in read] == [before + 1, before + 2, before + 3]
    assert await claims.last() == before + 3
    assert await claims.behind(before + 1, 1) == read[1:2]


async def test_a_later_claim_of_a_node_takes_the_place_of_the_earlier_one(kit: FleetKit) -> None:
    claims, older, newer = kit.stream_claims, claim_of(1), claim_of(1)
    before = await claims.last()

    await claims.put([older, claim_of(2)])
    await claims.put([newer])

    read = dict(await claims.behind(before, 10))
    assert read[before + 3] == newer
    assert older not in read.values()


async def test_the_claims_of_nodes_that_left_are_dropped_and_no_others(kit: FleetKit) -> None:
    claims = kit.stream_claims
    for node in (ONE, TWO):
        await kit.nodes.add(node, 1)
    stays = StreamClaim(OTHER_DOMAIN, TWO.id, mint_id())
    await claims.put([StreamClaim(DOMAIN, ONE.id, mint_id()), stays, claim_of(404)])

    await kit.nodes.depart(DOMAIN, ONE.id, 2)

    assert await claims.forget_departed() == 2
    assert [claim for _, claim in await claims.behind(0, 10)] == [stays]
    assert await claims.forget_departed() == 0


@pytest.mark.postgres
async def test_whoever_reads_on_misses_none_however_many_write_at_once(real: FleetKit) -> None:
    """H36: a number becomes visible after all lower ones; batches of the same nodes do not lock each other out."""
    claims, writers, each = real.stream_claims, 6, 20
    put: list[StreamClaim] = []
    read: list[tuple[int, StreamClaim]] = []
    done = asyncio.Event()

    async def write(number: int) -> None:
        for _ in range(each):
            batch = [claim_of(number), claim_of(100), claim_of(1_000 + number)]
            await claims.put(batch[:: 1 if number % 2 else -1])
            put.extend(batch)

    async def follow() -> None:
        seen = 0
        while not done.is_set() or await claims.last() > seen:
            rows = await claims.behind(seen, 7)
            read.extend(rows)
            seen = rows[-1][0] if rows else seen

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(writers)))
    done.set()
    await following

    assert all(one < other for (one, _), (other, _) in pairwise(read))
    # What was not read was followed by a claim of the same node, which was.
    last = {claim.node_id: claim for _, claim in read}
    assert last == {claim.node_id: claim for _, claim in await claims.behind(0, 10_000)}
    assert {claim.stream_id for _, claim in read} <= {claim.stream_id for claim in put}
    assert await claims.last() == writers * each * 3
