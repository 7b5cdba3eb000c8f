"""What the hooks of nodes are held to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.integrity.pin import Pin


@dataclass(frozen=True, slots=True)
class AnnouncedHook:
    """What a node announces of a hook now; `is_excused` where it is not compared until it is announced again."""

    pin: Pin
    is_excused: bool

    def is_accepted(self, baseline: Pin) -> bool:
        """Tell whether nobody has to be asked about it while this is the baseline."""
        return self.is_excused or not self.pin.departs_from(baseline)


class Baselines(Protocol):
    """One pin for each hook that a node ever announced; every call joins the open unit of work."""

    async def of(self, domain_id: DomainId, node_id: NodeId, /) -> Mapping[str, Pin]:
        """Return the node's baselines by the hooks' names."""
        ...

    async def pin(
        self, domain_id: DomainId, node_id: NodeId, pins: Mapping[str, Pin], at: datetime, /
    ) -> None:
        """Keep baselines, in place of those of the same hooks."""
        ...

    async def announced(
        self, domain_id: DomainId, node_id: NodeId, hook_name: str, /
    ) -> AnnouncedHook | None:
        """Return what the node announces of a hook now, or None where it announces no such hook."""
        ...
