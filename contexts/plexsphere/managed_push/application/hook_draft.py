"""A PlexdHook as wished, before any rule was applied to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plexsphere.managed_push.domain.request import Request


@dataclass(frozen=True, slots=True)
class HookDraft:
    """A namespace and the five fields; texts that were not given are empty."""

    namespace: str = ""
    name: str = ""
    image_digest: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: int = 0
    sandbox: bool = False

    def request(self) -> Request:
        """
        Return the request that the draft makes.

        Raises:
            SpecInvalid: it breaks a rule.
        """
        return Request.of(
            self.namespace,
            self.name,
            self.image_digest,
            self.parameters,
            self.timeout_seconds,
            sandbox=self.sandbox,
        )
