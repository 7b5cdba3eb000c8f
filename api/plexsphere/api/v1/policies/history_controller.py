"""What policies say and said, over HTTP."""

from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, one_parameter
from plexsphere.api.project_access import named_project
from plexsphere.api.v1.policies import operations, problems, schemas
from plexsphere.api.v1.policies.wiring import PolicyHistory

FromPolicyHistory = NamedDependency[SkipValidation[PolicyHistory]]


class PolicyHistoryController(Controller):
    """List, show and compare the revisions of a policy."""

    @serves(operations.REVISIONS)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        policy_history: FromPolicyHistory,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> schemas.PolicyRevisionList:
        """List them, newest first."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("read", "policy.revisions.list")
        pager = Pager(cursors, f"policy revisions {policy}")
        page = await policy_history.page(permitted, project.id, policy, pager.wanted(request, project.caller))
        return schemas.PolicyRevisionList(
            [schemas.PolicyRevision.of(view) for view in page.rows],
            pager.next_cursor(project.caller, page.position),
        )

    @serves(operations.REVISION)
    async def show(
        self,
        request: AnyRequest,
        gate: FromGate,
        policy_history: FromPolicyHistory,
        project_id: FromPath[str],
        policy_id: FromPath[str],
        revision_id: FromPath[str],
    ) -> schemas.PolicyRevision:
        """Show one."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        revision = path_id(revision_id, problems.INVALID_REVISION_ID)
        permitted = await project.require("read", "policy.revision.read")
        view = await policy_history.get(permitted, project.id, policy, revision)
        return schemas.PolicyRevision.of(view)

    @serves(operations.DIFF)
    async def diff(
        self,
        request: AnyRequest,
        gate: FromGate,
        policy_history: FromPolicyHistory,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> schemas.PolicyDiff:
        """Compare two."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("read", "policy.diff")
        before, after = _revision(request, "from_revision"), _revision(request, "to_revision")
        return schemas.PolicyDiff.of(await policy_history.diff(permitted, project.id, policy, before, after))


def _revision(request: AnyRequest, name: str) -> UUID:
    return path_id(one_parameter(request, name, problems.INVALID_REVISION_ID), problems.INVALID_REVISION_ID)
