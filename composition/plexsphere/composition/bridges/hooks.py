"""The surface of discovered hooks, answered by policy."""

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.v1.hooks.wiring import HookFilter, HookView, Tally
from plexsphere.composition.bridges.granted import granted
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, parse_id
from plexsphere.policy.application.hooks.list_hooks import ListHooks
from plexsphere.policy.ports.hooks import discovered_hooks
from plexsphere.policy.ports.hooks.discovered_hooks import HookPlace, ListedHook

LOG: Final = logging.getLogger("plexsphere.hooks")

AUTHZ_ERRORS: Final = "discovered_hook.list.authz_errors"


class Reads(Protocol):
    """Where a granted read is written down, without the read waiting for it."""

    def note(self, entry: AuditEntry, /) -> None:
        """Keep the entry for later."""
        ...


@dataclass(frozen=True, slots=True)
class HooksBridge:
    """Answers the surface's port `Hooks`; a page stands in the platform's chain, for it has rows of many Domains."""

    list_hooks: ListHooks
    reads: Reads

    async def page(self, wanted: PageRequest, of: HookFilter, /) -> Page[HookView]:
        page = await self.list_hooks(_filter(of), _place(wanted.position), wanted.limit)
        return Page(tuple(map(_view, page.hooks)), "" if page.is_last else _position(page.hooks[-1].place))

    def listed(self, permitted: Permitted, tally: Tally, /) -> None:
        try:
            self.reads.note(granted(permitted, None, permitted.object, **_context(tally)))
        except Exception as error:  # a page that was read is answered, whatever its trail does
            LOG.warning("a page of discovered hooks is not in the audit trail: %s", type(error).__name__)


def _context(tally: Tally) -> dict[str, int | str]:
    context: dict[str, int | str] = {"count": tally.shown}
    if tally.shown < tally.persisted:
        context["persistence_count"] = tally.persisted
    if tally.authz_errors:
        context[AUTHZ_ERRORS] = tally.authz_errors
    return context


def _filter(of: HookFilter) -> discovered_hooks.HookFilter:
    return discovered_hooks.HookFilter(
        None if of.domain_id is None else DomainId(of.domain_id),
        None if of.project_id is None else ProjectId(of.project_id),
        of.image_digest_match,
    )


def _place(position: str) -> HookPlace | None:
    node_id, _, name = position.partition(" ")
    return HookPlace(NodeId(parse_id(node_id)), name) if position else None


def _position(place: HookPlace) -> str:
    return f"{place.node_id} {place.name}"


def _view(listed: ListedHook) -> HookView:
    hook = listed.hook
    return HookView(listed.node_id, listed.domain_id, hook.name, hook.image_digest, hook.image_digest_match)
