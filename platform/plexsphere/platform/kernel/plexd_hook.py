"""The PlexdHook kind, declared once for discovery and for managed push (managed-push.md; design D31)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class GroupVersionKind:
    """What a Kubernetes API server calls a kind of object; `plural` is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str

    @property
    def api_version(self) -> str:
        """Return the `apiVersion` of its objects."""
        return f"{self.group}/{self.version}"


PLEXD_HOOK_GVK: Final = GroupVersionKind("hooks.plexd.io", "v1alpha1", "PlexdHook", "plexdhooks")
