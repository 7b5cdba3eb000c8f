"""Who is told of what an operator has to look at."""

from typing import Protocol

from plexsphere.policy.domain.artifacts.artifact import Artifact
from plexsphere.policy.ports.artifacts.artifact_store import Fault


class Alerts(Protocol):
    """Tells operators."""

    def content_broken(self, artifact: Artifact, fault: Fault, /) -> None:
        """Tell that the store does not hold what was released."""
        ...

    def store_unusable(self) -> None:
        """Tell that the store takes nothing."""
        ...
