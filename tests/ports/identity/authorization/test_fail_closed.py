"""C10, H49: whatever the engine does, nothing is allowed that it did not plainly allow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
import pytest
from authzed.api.v1 import (
    CheckBulkPermissionsPair,
    CheckBulkPermissionsRequest,
    CheckBulkPermissionsResponse,
    CheckBulkPermissionsResponseItem,
    CheckPermissionResponse,
    LookupResourcesRequest,
    LookupResourcesResponse,
)
from authzed.api.v1.permission_service_pb2 import (
    LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION,
    LOOKUP_PERMISSIONSHIP_HAS_PERMISSION,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from plexsphere.identity.adapters.spicedb_authorizer import SpiceDbAuthorizer
from plexsphere.identity.adapters.spicedb_checks import MOST_ITEMS
from plexsphere.identity.adapters.spicedb_client import SpiceDbClient
from plexsphere.identity.domain.authorization_errors import (
    AuthzUnavailable,
    UnknownObjectType,
    UnknownPermission,
)
from plexsphere.identity.domain.decision import Reason
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference
from tests.support.authorization import domain, project, shipped_schema, user

HAS = CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION
NO = CheckPermissionResponse.PERMISSIONSHIP_NO_PERMISSION
CONDITIONAL = CheckPermissionResponse.PERMISSIONSHIP_CONDITIONAL_PERMISSION
UNSPECIFIED = CheckPermissionResponse.PERMISSIONSHIP_UNSPECIFIED
BULK = "/authzed.api.v1.PermissionsService/CheckBulkPermissions"

Pairs = list[CheckBulkPermissionsPair]
ALICE = user(1)
PAGE = [domain(1), domain(2), domain(3)]


class Impostor(grpc.GenericRpcHandler):  # type: ignore[misc]
    """An engine that answers bulk checks and lookups as the test says, in raw bytes."""

    def __init__(self) -> None:
        self.bulk: Callable[[bytes], Awaitable[bytes]] = never
        self.lookup: Callable[[bytes], AsyncIterator[bytes]] = breaks_off
        self.asked: list[CheckBulkPermissionsRequest] = []

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        if call.method == BULK:
            return grpc.unary_unary_rpc_method_handler(self._bulk)
        return grpc.unary_stream_rpc_method_handler(self._lookup)

    def answers(self, change: Callable[[Pairs], Iterable[CheckBulkPermissionsPair]]) -> None:
        """Answer bulk checks with plain permissions, as `change` alters them."""

        async def answer(request: bytes) -> bytes:
            asked = CheckBulkPermissionsRequest.FromString(request)
            pairs = [verdict(pair, HAS) for pair in asked.items]
            return bytes(CheckBulkPermissionsResponse(pairs=change(pairs)).SerializeToString())

        self.bulk = answer

    def streams(self, *answers: LookupResourcesResponse) -> None:
        """Answer lookups with these, to the end."""

        async def answer(_request: bytes) -> AsyncIterator[bytes]:
            for one in answers:
                yield one.SerializeToString()

        self.lookup = answer

    async def _bulk(self, request: bytes, _context: Any) -> bytes:
        self.asked.append(CheckBulkPermissionsRequest.FromString(request))
        return await self.bulk(request)

    async def _lookup(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        async for answer in self.lookup(request):
            yield answer
        if self.lookup is breaks_off:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")


async def never(_request: bytes) -> bytes:
    await asyncio.sleep(60)
    return b""


async def breaks_off(_request: bytes) -> AsyncIterator[bytes]:
    yield found(domain(1)).SerializeToString()


def verdict(item: Any, permissionship: Any) -> CheckBulkPermissionsPair:
    return CheckBulkPermissionsPair(
        request=item, item=CheckBulkPermissionsResponseItem(permissionship=permissionship)
    )


def found(
    resource: Reference, permissionship: Any = LOOKUP_PERMISSIONSHIP_HAS_PERMISSION
) -> LookupResourcesResponse:
    return LookupResourcesResponse(resource_object_id=resource.id, permissionship=permissionship)


@pytest.fixture
async def impostor_address() -> AsyncIterator[tuple[Impostor, str]]:
    impostor = Impostor()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((impostor,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield impostor, f"http://127.0.0.1:{port}"
    await server.stop(grace=0)


@pytest.fixture
def impostor(impostor_address: tuple[Impostor, str]) -> Impostor:
    return impostor_address[0]


@pytest.fixture
async def authorizer(impostor_address: tuple[Impostor, str]) -> AsyncIterator[SpiceDbAuthorizer]:
    async with authorizer_at(impostor_address[1]) as authorizer:
        yield authorizer


@asynccontextmanager
async def authorizer_at(endpoint: str) -> AsyncIterator[SpiceDbAuthorizer]:
    client = SpiceDbClient(endpoint, Secret("token"))
    yield SpiceDbAuthorizer(client, shipped_schema())
    await client.close()


async def test_a_plain_permission_is_allowed(impostor: Impostor, authorizer: SpiceDbAuthorizer) -> None:
    """The other tests of this file mean something only because this one passes."""
    impostor.answers(lambda pairs: pairs)

    assert [decision.allowed for decision in await authorizer.check_many(ALICE, "read", PAGE)] == [True] * 3
    assert (await authorizer.check(ALICE, "manage", domain(1))).allowed


def conditional(pairs: Pairs) -> Pairs:
    return [verdict(pair.request, CONDITIONAL) for pair in pairs]


def unspecified(pairs: Pairs) -> Pairs:
    return [verdict(pair.request, UNSPECIFIED) for pair in pairs]


def unheard_of(pairs: Pairs) -> Pairs:
    return [verdict(pair.request, 77) for pair in pairs]


def faulty(pairs: Pairs) -> Pairs:
    return [CheckBulkPermissionsPair(request=pair.request, error=Status(code=13)) for pair in pairs]


def without_answers(pairs: Pairs) -> Pairs:
    return [CheckBulkPermissionsPair(request=pair.request) for pair in pairs]


def without_questions(pairs: Pairs) -> Pairs:
    return [CheckBulkPermissionsPair(item=pair.item) for pair in pairs]


def none(_pairs: Pairs) -> Pairs:
    return []


UNTRUSTWORTHY = [conditional, unspecified, unheard_of, faulty, without_answers, without_questions, none]


@pytest.mark.parametrize("change", UNTRUSTWORTHY)
async def test_an_answer_that_is_no_plain_yes_or_no_is_unavailable(
    impostor: Impostor, authorizer: SpiceDbAuthorizer, change: Callable[[Pairs], Pairs]
) -> None:
    """C10: CONDITIONAL among them."""
    impostor.answers(change)

    with pytest.raises(AuthzUnavailable):
        await authorizer.check(ALICE, "read", domain(1))


@pytest.mark.parametrize("change", UNTRUSTWORTHY)
async def test_rows_of_a_page_without_a_plain_answer_are_refused_as_unknown(
    impostor: Impostor, authorizer: SpiceDbAuthorizer, change: Callable[[Pairs], Pairs]
) -> None:
    """H49: refused one by one, and told apart from rows that were really denied."""
    impostor.answers(change)

    decisions = await authorizer.check_many(ALICE, "read", PAGE)

    assert [decision.reason for decision in decisions] == [Reason.UNKNOWN] * 3


async def test_a_short_answer_counts_as_deny(impostor: Impostor, authorizer: SpiceDbAuthorizer) -> None:
    """H49."""
    impostor.answers(lambda pairs: pairs[:2])

    decisions = await authorizer.check_many(ALICE, "read", PAGE)

    assert [decision.allowed for decision in decisions] == [True, True, False]


async def test_answers_in_another_order_allow_nothing(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    """H49: an answer counts only beside the very question it answers."""
    impostor.answers(lambda pairs: [verdict(pairs[1].request, HAS), verdict(pairs[0].request, NO), pairs[2]])

    decisions = await authorizer.check_many(ALICE, "read", PAGE)

    assert [decision.allowed for decision in decisions] == [False, False, True]


async def test_more_answers_than_questions_change_nothing(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    impostor.answers(lambda pairs: [*pairs, *pairs])

    assert len(await authorizer.check_many(ALICE, "read", PAGE)) == 3


async def test_an_oversized_page_is_asked_in_parts_and_answered_whole(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    """H49."""
    page = [project(number) for number in range(1, 2 * MOST_ITEMS + 2)]
    impostor.answers(lambda pairs: pairs)

    decisions = await authorizer.check_many(ALICE, "read", page)

    assert [decision.allowed for decision in decisions] == [True] * len(page)
    assert [len(request.items) for request in impostor.asked] == [MOST_ITEMS, MOST_ITEMS, 1]


async def test_every_check_is_fully_consistent(impostor: Impostor, authorizer: SpiceDbAuthorizer) -> None:
    """C11."""
    impostor.answers(lambda pairs: pairs)

    await authorizer.check(ALICE, "read", domain(1))

    assert all(request.consistency.fully_consistent for request in impostor.asked)


async def test_a_silent_engine_is_unavailable(authorizer: SpiceDbAuthorizer) -> None:
    """C10: timeout."""
    async with asyncio.timeout(10):
        with pytest.raises(AuthzUnavailable):
            await authorizer.check_many(ALICE, "read", PAGE)


async def test_an_answer_that_is_no_message_is_unavailable(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    """C10: garbage."""

    async def garbage(_request: bytes) -> bytes:
        return b"\xff\xff\xff garbage"

    async def garbage_streamed(_request: bytes) -> AsyncIterator[bytes]:
        yield b"\xff\xff\xff garbage"

    impostor.bulk = garbage
    impostor.lookup = garbage_streamed

    with pytest.raises(AuthzUnavailable):
        await authorizer.check_many(ALICE, "read", PAGE)
    with pytest.raises(AuthzUnavailable):
        await authorizer.lookup_resources(ALICE, "read", "domain", 10)


async def test_an_engine_that_speaks_another_protocol_is_unavailable() -> None:
    """C10: garbage, reset."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nallowed: true")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, authorizer_at(f"http://127.0.0.1:{port}") as authorizer:
        with pytest.raises(AuthzUnavailable):
            await authorizer.check(ALICE, "read", domain(1))


async def test_an_engine_that_is_gone_is_unavailable_for_every_question() -> None:
    """C10: down."""
    async with authorizer_at("http://127.0.0.1:1") as authorizer:
        for question in [
            authorizer.check(ALICE, "read", domain(1)),
            authorizer.check_many(ALICE, "read", PAGE),
            authorizer.lookup_resources(ALICE, "read", "domain", 10),
            authorizer.lookup_subjects(domain(1), "read", "user", 10),
        ]:
            with pytest.raises(AuthzUnavailable):
                await question


async def test_an_engine_without_tls_is_no_engine_for_a_tls_endpoint(
    impostor_address: tuple[Impostor, str],
) -> None:
    async with authorizer_at(impostor_address[1].replace("http://", "grpcs://")) as authorizer:
        with pytest.raises(AuthzUnavailable):
            await authorizer.check(ALICE, "read", domain(1))


async def test_a_lookup_that_breaks_off_is_no_shorter_lookup(authorizer: SpiceDbAuthorizer) -> None:
    """H49: partial results."""
    with pytest.raises(AuthzUnavailable):
        await authorizer.lookup_resources(ALICE, "read", "domain", 10)


async def test_a_lookup_leaves_out_what_is_allowed_on_a_condition(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    """C10: CONDITIONAL."""
    impostor.streams(found(domain(1)), found(domain(2), LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION))

    assert await authorizer.lookup_resources(ALICE, "read", "domain", 10) == [domain(1)]


async def test_a_lookup_that_names_no_id_is_unavailable(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    """C10: garbage."""
    answer = LookupResourcesResponse(
        resource_object_id="*", permissionship=LOOKUP_PERMISSIONSHIP_HAS_PERMISSION
    )
    impostor.streams(answer)

    with pytest.raises(AuthzUnavailable):
        await authorizer.lookup_resources(ALICE, "read", "domain", 10)


async def test_a_lookup_is_fully_consistent_and_bounded(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    asked: list[LookupResourcesRequest] = []

    async def answer(request: bytes) -> AsyncIterator[bytes]:
        asked.append(LookupResourcesRequest.FromString(request))
        for number in [1, 1, 2, 3]:
            yield found(domain(number)).SerializeToString()

    impostor.lookup = answer

    assert await authorizer.lookup_resources(ALICE, "read", "domain", 2) == [domain(1), domain(2)]
    assert asked[0].consistency.fully_consistent
    assert asked[0].optional_limit == 2


async def test_a_question_the_schema_does_not_know_reaches_no_engine(
    impostor: Impostor, authorizer: SpiceDbAuthorizer
) -> None:
    with pytest.raises(UnknownPermission):
        await authorizer.check(ALICE, "fly", domain(1))
    with pytest.raises(UnknownObjectType):
        await authorizer.check(Reference("robot", domain(1).id), "read", domain(1))
    with pytest.raises(UnknownObjectType):
        await authorizer.lookup_subjects(domain(1), "read", "robot", 10)

    assert impostor.asked == []


@pytest.mark.parametrize(
    "endpoint",
    ["127.0.0.1:50051", "ftp://127.0.0.1:50051", "http://127.0.0.1", "http://:50051", "http://h:1/path", ""],
)
async def test_an_endpoint_says_whether_it_wants_tls(endpoint: str) -> None:
    with pytest.raises(ValueError, match="SpiceDB endpoint"):
        SpiceDbClient(endpoint, Secret("token"))
