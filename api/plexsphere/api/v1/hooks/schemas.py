"""Bodies of the surface."""

from typing import Annotated, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.v1.hooks.wiring import HookView

Digest = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]


class DiscoveredHook(msgspec.Struct, frozen=True):
    """A hook that an agent found in its cluster, and whether its image is the declared one."""

    node_id: UUID
    domain_id: UUID
    name: str
    image_digest: Digest
    image_digest_match: bool

    @classmethod
    def of(cls, view: HookView) -> Self:
        """Show the hook."""
        return cls(view.node_id, view.domain_id, view.name, view.image_digest, view.image_digest_match)


class HookList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the caller may see of one page; only a page without `next_cursor` is the last."""

    items: list[DiscoveredHook]
    next_cursor: str | None = None
