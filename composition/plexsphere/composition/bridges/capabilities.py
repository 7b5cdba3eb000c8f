"""The surface of announced capabilities, answered by policy."""

from dataclasses import dataclass

from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.v1.capabilities.wiring import CapabilityFilter, CapabilityView
from plexsphere.platform.kernel.ids import NodeId, ProjectId, parse_id
from plexsphere.policy.application.hooks.list_capabilities import JudgedNode, ListCapabilities
from plexsphere.policy.domain.hooks.digest import PREFIX, canonical, is_canonical


@dataclass(frozen=True, slots=True)
class CapabilitiesBridge:
    """Answers the surface's port `Capabilities`."""

    list_capabilities: ListCapabilities

    async def announced(self, wanted: PageRequest, of: CapabilityFilter, /) -> Page[CapabilityView]:
        page = await self.list_capabilities(
            ProjectId(of.project_id),
            None if of.node_id is None else NodeId(of.node_id),
            NodeId(parse_id(wanted.position)) if wanted.position else None,
            wanted.limit,
        )
        views = (_view(each) for each in page.nodes if of.status in ("", each.status))
        return Page(tuple(views), "" if page.last is None else str(page.last))


def _view(judged: JudgedNode) -> CapabilityView:
    node, place = judged.node, judged.node.place
    return CapabilityView(
        node_id=place.node_id,
        domain_id=place.domain_id,
        project_id=place.project_id,
        binary_version=node.binary.version,
        binary_checksum=_octets(node.binary.checksum),
        status=judged.status.value,
        reported_at=node.reported_at,
        builtin_actions=node.builtin_actions,
    )


def _octets(checksum: str) -> bytes:
    digest = canonical(checksum)
    return bytes.fromhex(digest.removeprefix(PREFIX)) if is_canonical(digest) else b""
