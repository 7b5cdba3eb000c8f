"""An announcement as it arrived."""

from dataclasses import dataclass
from datetime import datetime

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.hooks.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Announcement:
    """Who announced what and when, by our clock; `digest` is the SHA-256 of the manifest's text."""

    domain_id: DomainId
    project_id: ProjectId
    node_id: NodeId
    manifest: Manifest
    digest: bytes
    reported_at: datetime
