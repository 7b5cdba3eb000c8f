"""A node as policies see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import MappingProxyType

from plexsphere.platform.kernel.ids import NodeId, ProjectId


@dataclass(frozen=True, slots=True)
class Member:
    """
    A node of a Project, with its mesh address and the labels its operators gave it.

    What an agent says of itself is no label and never selects (design D16).
    """

    node_id: NodeId
    project_id: ProjectId
    labels: Mapping[str, str]
    mesh_ip: IPv4Address

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
