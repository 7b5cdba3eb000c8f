"""The handler of the surface."""

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api.gate import AnyRequest, FromGate
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, PageRequest
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.hooks import operations, problems, schemas
from plexsphere.api.v1.hooks.query import clamped_limit, hook_filter
from plexsphere.api.v1.hooks.visibility import seen_by
from plexsphere.api.v1.hooks.wiring import HookFilter, Hooks
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT

FromHooks = NamedDependency[SkipValidation[Hooks | None]]


class HooksController(Controller):
    """List discovered hooks; nothing here writes to a cluster."""

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, hooks: FromHooks
    ) -> schemas.HookList:
        """List what the caller may see; who may not read the platform does not even learn whether there is anything."""
        caller = await gate.operator(request)
        found = _provisioned(hooks)
        permitted = await gate.require(caller, "read", PLATFORM_OBJECT, "discovered_hook.list")
        wanted = hook_filter(request)
        pager = Pager(cursors, _listing(wanted))
        place = PageRequest(clamped_limit(request), pager.place(request, caller))
        page = await found.page(place, wanted)
        seen = await seen_by(gate, caller, page.rows)
        # Before the page is noted: one that cannot be continued was never answered.
        cursor = pager.next_cursor(caller, page.position)
        found.listed(permitted, seen.tally)
        return schemas.HookList([schemas.DiscoveredHook.of(row) for row in seen.rows], cursor)


def _provisioned(hooks: Hooks | None) -> Hooks:
    if hooks is None:
        raise Refusal(problems.HOOKS_NOT_PROVISIONED)
    return hooks


def _listing(wanted: HookFilter) -> str:
    # A cursor continues the very listing that it was minted by.
    return f"hooks {wanted.domain_id} {wanted.project_id} {wanted.image_digest_match}"
