"""The calls by which nodes report what they found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from plexsphere.api.body import read
from plexsphere.api.gate import NodeGate
from plexsphere.api.node_call import ENCODER, JSON, NodeCall, answer, headers_of
from plexsphere.api.node_calls import DirectCall
from plexsphere.api.operation import Operation
from plexsphere.api.shedding import Shedding
from plexsphere.api.v1.integrity import operations, schemas
from plexsphere.api.v1.integrity.reports import field_reported, reported
from plexsphere.api.v1.integrity.wiring import ViolationReports


def integrity_calls(gate: NodeGate, shedding: Shedding, reports: ViolationReports) -> list[DirectCall]:
    """Return the calls of the surface, each with its operation."""
    return [DirectCall(operation, call(gate, shedding, reports)) for operation, call in CALLS]


@dataclass(frozen=True, slots=True)
class ReportCall(NodeCall):
    """A call that reports something."""

    reports: ViolationReports


class Violations(ReportCall):
    """POST …/integrity-violations: several things at once."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        found = reported(await read(receive, headers, schemas.REPORT))
        await _accept(send, await self.reports.report(node, found), len(found))


class FieldViolation(ReportCall):
    """POST …/integrity/violations: one thing, as agents in the field tell it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        found = field_reported(await read(receive, headers, schemas.FIELD_REPORT))
        await _accept(send, await self.reports.report(node, [found]), 1)


CALLS: Final[tuple[tuple[Operation, type[ReportCall]], ...]] = (
    (operations.REPORT, Violations),
    (operations.FIELD_REPORT, FieldViolation),
)


async def _accept(send: Any, at: datetime, count: int) -> None:
    await answer(send, 200, ENCODER.encode(schemas.ViolationsAccepted(at, count)), (JSON,))
