"""A process that serves a part of the surface refuses the rest, and nothing besides."""

from typing import Any, Final

import pytest

from plexsphere.api import catalogue
from plexsphere.api.operation import Operation
from plexsphere.api.problem import Refusal
from plexsphere.api.served_part import ServedPart
from plexsphere.api.v1.meta import operations as meta
from plexsphere.api.v1.node_protocol.operations import ALL, EVENTS
from tests.support.api import routed

ID: Final = "0190f3a0-0000-7000-8000-0000000000f1"
HEALTH: Final = (meta.LIVE, meta.READY)
OPERATIONS: Final = [*routed(), *ALL]


class Direct:
    """Answers every call of a node itself."""

    def match(self, _scope: Any, /) -> Any:
        return Direct.answer

    @staticmethod
    async def answer(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError


async def is_refused(part: ServedPart, method: str, path: str) -> bool:
    """Tell whether the part refuses the request, as another process's."""
    found = part.match({"method": method, "path": path})
    if found in (None, Direct.answer):
        return False
    with pytest.raises(Refusal) as refused:
        await found(None, None, None)
    assert refused.value.problem is catalogue.NOT_SERVED_HERE
    assert int(refused.value.headers["Retry-After"]) > 0
    return True


def by_id(op: Operation) -> str:
    return op.id


@pytest.mark.parametrize("op", OPERATIONS, ids=by_id)
async def test_every_operation_is_served_by_the_processes_whose_part_it_is(op: Operation) -> None:
    path = op.path.replace("{node_id}", ID)
    parts = {
        (api, streams): ServedPart(Direct(), has_api=api, has_streams=streams)
        for api in (True, False)
        for streams in (True, False)
    }

    served = {roles for roles, part in parts.items() if not await is_refused(part, op.method, path)}

    if op in HEALTH:
        assert served == set(parts)
    else:
        place = 1 if op is EVENTS else 0
        assert served == {roles for roles in parts if roles[place]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", f"/v1/nodes/{ID}/events"), ("GET", "/v1/events"), ("GET", "/nowhere"), ("GET", "/healthy")],
)
async def test_what_is_no_operation_is_for_those_with_the_api_to_refuse(method: str, path: str) -> None:
    assert await is_refused(ServedPart(Direct(), has_api=False, has_streams=True), method, path)
    assert not await is_refused(ServedPart(Direct(), has_api=True, has_streams=False), method, path)
