"""The relations that tenancy itself writes (design D12)."""

from typing import Protocol

from plexsphere.platform.kernel.subjects import Reference


class Relations(Protocol):
    """Structural relations; each call joins the open unit of work."""

    async def relate(self, subject: Reference, relation: str, target: Reference, /) -> None:
        """Let `target#relation@subject` hold."""
        ...

    async def unrelate_object(self, target: Reference, /) -> None:
        """Let no relation on the target hold any more."""
        ...
