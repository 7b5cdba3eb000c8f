"""One suite for every mirror."""

from collections.abc import AsyncIterator

import pytest

from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.identity.ports.authz_mirror import AuthzMirror, Fence
from tests.support.authorization import MemoryMirror, domain_stands, project, shipped_schema, user

GRANT = Triple(user(1), "member", project(1))
OTHER = Triple(user(2), "member", project(1))


@pytest.fixture(params=["memory", pytest.param("spicedb", marks=pytest.mark.spicedb)])
async def mirror(request: pytest.FixtureRequest) -> AsyncIterator[AuthzMirror]:
    if request.param == "memory":
        yield MemoryMirror()
        return
    from plexsphere.identity.adapters.spicedb_client import SpiceDbClient
    from plexsphere.identity.adapters.spicedb_mirror import SpiceDbMirror
    from plexsphere.identity.adapters.zed_schema import read_schema_text

    spicedb = request.getfixturevalue("spicedb")
    client = SpiceDbClient(f"http://{spicedb.endpoint}", spicedb.token)
    engine = SpiceDbMirror(client, read_schema_text())
    await engine.prepare()
    yield engine
    await client.close()


def there(*triples: Triple) -> list[TupleChange]:
    return [TupleChange(Operation.TOUCH, triple) for triple in triples]


def gone(*triples: Triple) -> list[TupleChange]:
    return [TupleChange(Operation.DELETE, triple) for triple in triples]


async def held(mirror: AuthzMirror) -> set[Triple]:
    return {triple async for page in mirror.pages(shipped_schema().object_types) for triple in page}


async def test_a_mirror_holds_what_it_was_told(mirror: AuthzMirror) -> None:
    fence = await mirror.apply(there(GRANT, OTHER, domain_stands(1)), await mirror.fence())
    await mirror.apply([*gone(OTHER), *there(GRANT)], fence)

    assert await held(mirror) == {GRANT, domain_stands(1)}
    assert await mirror.holding([GRANT, OTHER]) == {GRANT}


async def test_the_same_changes_may_be_applied_again(mirror: AuthzMirror) -> None:
    for _ in range(2):
        await mirror.apply([*there(GRANT), *gone(OTHER)], await mirror.fence())

    assert await held(mirror) == {GRANT}


async def test_an_empty_mirror_has_no_mark_and_every_write_leaves_another(mirror: AuthzMirror) -> None:
    assert await mirror.fence() == Fence("")

    first = await mirror.apply([], await mirror.fence())
    second = await mirror.apply([], first)

    assert "" not in {first.mark, second.mark, first.zed_token, second.zed_token}
    assert first.mark != second.mark
    assert (await mirror.fence()).mark == second.mark


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_writer_that_was_held_up_writes_no_more(mirror: AuthzMirror, is_first: bool) -> None:
    """C11: its late write would bring back a grant that was taken away meanwhile."""
    if not is_first:
        await mirror.apply([], await mirror.fence())
    held_up = await mirror.fence()
    fence = await mirror.apply(there(GRANT), held_up)
    await mirror.apply(gone(GRANT), fence)

    with pytest.raises(AuthzUnavailable):
        await mirror.apply(there(GRANT), held_up)

    assert await held(mirror) == set()


async def test_pages_leave_nothing_out(mirror: AuthzMirror) -> None:
    triples = [Triple(user(number), "member", project(1)) for number in range(1, 1_201)]
    fence = await mirror.fence()
    for start in range(0, len(triples), 400):
        fence = await mirror.apply(there(*triples[start : start + 400]), fence)

    assert await held(mirror) == set(triples)


async def test_preparing_twice_changes_nothing(mirror: AuthzMirror) -> None:
    await mirror.apply(there(GRANT), await mirror.fence())

    await mirror.prepare()

    assert await held(mirror) == {GRANT}
