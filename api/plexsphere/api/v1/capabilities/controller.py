"""The handler of the surface."""

from typing import Final

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, id_parameter, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.capabilities import operations, schemas
from plexsphere.api.v1.capabilities.wiring import Capabilities, CapabilityFilter
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, project_object

FromCapabilities = NamedDependency[SkipValidation[Capabilities]]

STATUSES: Final = frozenset({"", "match", "drift", "unknown"})


class CapabilitiesController(Controller):
    """List what nodes announced."""

    @serves(operations.LIST)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        capabilities: FromCapabilities,
        project_id: FromPath[str],
    ) -> schemas.CapabilityList:
        """List what the caller may see: nothing of a Project that he cannot read, whether it exists or not."""
        caller = await gate.operator(request)
        project = path_id(project_id, catalogue.INVALID_PROJECT_ID)
        await gate.require(caller, "read", PLATFORM_OBJECT, "capability.list")
        status = one_parameter(request, "status")
        if status not in STATUSES:
            raise Refusal(catalogue.INVALID_PARAMETER)
        wanted = CapabilityFilter(project, id_parameter(request, "node_id"), status)
        pager = Pager(cursors, f"capabilities {project} {wanted.node_id} {status}")
        asked = pager.wanted(request, caller)
        if not await gate.visible(caller, "read", [project], project_object):
            # Without a cursor, which would tell how many nodes there are.
            return schemas.CapabilityList([])
        page = await capabilities.announced(asked, wanted)
        return schemas.CapabilityList(
            [schemas.NodeCapabilities.of(view) for view in page.rows],
            pager.next_cursor(caller, page.position),
        )
