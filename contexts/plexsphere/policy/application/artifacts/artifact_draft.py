"""What an operator wants released."""

from dataclasses import dataclass

from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.domain.artifacts.artifact import ArtifactName, SupportStatus


@dataclass(frozen=True, slots=True)
class ArtifactDraft:
    """A binary to be released; `sha256` is what its sender says it is, where he says so."""

    name: ArtifactName
    author: Reference
    correlation_id: str
    sha256: str | None = None
    support_status: SupportStatus | None = None
