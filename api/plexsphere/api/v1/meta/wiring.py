"""What this surface needs from outside, in its own words."""

from typing import Literal, Protocol

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One dependency; `detail` says whether it answers, how late it is, or that it needs a newer version; no more."""

    name: str
    status: Literal["ok", "late", "down"]
    detail: str


class HealthStatus(msgspec.Struct, frozen=True):
    """Whether this process can do its work."""

    status: Literal["ok", "down"]
    checks: list[Check]


class Version(msgspec.Struct, frozen=True):
    """Which build answers."""

    version: str
    commit: str
    date: str


class Health(Protocol):
    """Knows how the process fares."""

    async def ready(self) -> HealthStatus:
        """Ask every dependency once, within a bounded time."""
        ...

    def version(self) -> Version:
        """Return the build."""
        ...
