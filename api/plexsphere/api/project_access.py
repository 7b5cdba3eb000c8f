"""Who may do what in the Project that a path names (design D4)."""

from dataclasses import dataclass
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.callers import Caller, Permitted
from plexsphere.api.gate import AnyRequest, Gate, path_id
from plexsphere.platform.kernel.subjects import project_object


@dataclass(frozen=True, slots=True)
class NamedProject:
    """A Project that somebody named in a path: it may not exist, and nobody is permitted anything there yet."""

    gate: Gate
    caller: Caller
    id: UUID

    async def require(self, permission: str, relation: str) -> Permitted:
        """
        Return the proof that the caller holds the permission in the Project; a denial is audited as `relation` first.

        Raises:
            Refusal: `permission_denied`, `authz_unavailable` or `rate_limited`.
        """
        return await self.gate.require(self.caller, permission, project_object(self.id), relation)


async def named_project(request: AnyRequest, gate: Gate, project_id: str) -> NamedProject:
    """
    Return the Project that the caller names; other ids of the path are read before anything is required of it.

    Raises:
        Refusal: unauthenticated, rate_limited or invalid_project_id, in this order.
    """
    caller = await gate.operator(request)
    return NamedProject(gate, caller, path_id(project_id, catalogue.INVALID_PROJECT_ID))
