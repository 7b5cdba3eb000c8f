"""Bodies of the surface."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.v1.capabilities.wiring import CapabilityView

Status = Annotated[str, Meta(extra_json_schema={"enum": ["match", "drift", "unknown"]})]


class BuiltinAction(msgspec.Struct, frozen=True):
    """A built-in action that a node can be asked for."""

    name: str


class NodeCapabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node announced; the checksum is left out where the node told no SHA-256."""

    node_id: UUID
    domain_id: UUID
    binary_version: str
    status: Status
    reported_at: datetime
    builtin_actions: list[BuiltinAction]
    binary_checksum: Annotated[str, Meta(extra_json_schema={"format": "byte"})] | None = None

    @classmethod
    def of(cls, view: CapabilityView) -> Self:
        """Show what the node announced."""
        return cls(
            node_id=view.node_id,
            domain_id=view.domain_id,
            binary_version=view.binary_version,
            status=view.status,
            reported_at=view.reported_at,
            builtin_actions=[BuiltinAction(name) for name in view.builtin_actions],
            binary_checksum=b64encode(view.binary_checksum).decode() or None,
        )


class CapabilityList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the caller may see of one page; only a page without `next_cursor` is the last."""

    items: list[NodeCapabilities]
    next_cursor: str | None = None
