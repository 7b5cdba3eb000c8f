"""Handlers of the operators' half of the surface."""

from typing import Final
from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.body import read
from plexsphere.api.callers import Permitted
from plexsphere.api.gate import AnyRequest, FromGate, Gate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, id_parameter, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.integrity import operations, problems, schemas
from plexsphere.api.v1.integrity.wiring import Integrity, ViolationFilter, ViolationView
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, project_object

FromIntegrity = NamedDependency[SkipValidation[Integrity]]

KINDS: Final = frozenset({"", "binary", "hook", "host_key"})
STATUSES: Final = frozenset({"", "open", "acknowledged", "resolved"})


class IntegrityController(Controller):
    """List violations, and acknowledge them."""

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, integrity: FromIntegrity
    ) -> schemas.IntegrityViolationList:
        """List what the caller may see."""
        caller = await gate.operator(request)
        await gate.require(caller, "read", PLATFORM_OBJECT, "integrity_violation.list")
        wanted = _filter(request)
        pager = Pager(cursors, _listing(wanted))
        page = await integrity.page(pager.wanted(request, caller), wanted)
        seen = await gate.visible(caller, "read", page.rows, _project_of)
        is_of_one_project = wanted.project_id is not None or wanted.node_id is not None
        # All its rows are hidden alike: a cursor would tell how many there are of a Project that he cannot read.
        position = "" if is_of_one_project and not seen else page.position
        return schemas.IntegrityViolationList(
            [schemas.IntegrityViolation.of(view) for view in seen], pager.next_cursor(caller, position)
        )

    @serves(operations.ACKNOWLEDGE)
    async def acknowledge(
        self,
        request: AnyRequest,
        gate: FromGate,
        integrity: FromIntegrity,
        integrity_violation_id: FromPath[str],
    ) -> schemas.IntegrityViolation:
        """Acknowledge one."""
        permitted, violation = await _access(request, gate, integrity, integrity_violation_id)
        body = await read(request.receive, request.headers, schemas.ACKNOWLEDGE)
        if violation is None:
            raise Refusal(problems.VIOLATION_NOT_FOUND)
        return schemas.IntegrityViolation.of(
            await integrity.acknowledge(permitted, violation.id, body.told())
        )


async def _access(
    request: AnyRequest, gate: Gate, integrity: Integrity, violation_id: str
) -> tuple[Permitted, ViolationView | None]:
    # As with nodes: an unknown violation stands in for a Project of its own id, which nobody has a relation to, so
    # that a stranger is refused alike whether it exists or not.
    caller = await gate.operator(request)
    wanted: UUID = path_id(violation_id, problems.INVALID_VIOLATION_ID)
    violation = await integrity.find(wanted)
    home = project_object(violation.project_id if violation else wanted)
    permitted = await gate.require(caller, "manage", home, "integrity_violation.acknowledge")
    return permitted, violation


def _filter(request: AnyRequest) -> ViolationFilter:
    kind, status = one_parameter(request, "kind"), one_parameter(request, "status")
    if kind not in KINDS or status not in STATUSES:
        raise Refusal(catalogue.INVALID_PARAMETER)
    domain, project, node = (id_parameter(request, name) for name in ("domain_id", "project_id", "node_id"))
    return ViolationFilter(domain, project, node, kind, status)


def _listing(wanted: ViolationFilter) -> str:
    axes = wanted.domain_id, wanted.project_id, wanted.node_id, wanted.kind, wanted.status
    return f"integrity-violations {' '.join(map(str, axes))}"


def _project_of(view: ViolationView) -> Reference:
    return project_object(view.project_id)
