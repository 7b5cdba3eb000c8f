"""Binaries that nodes run, compared with what was released (plexd.md, Binary Integrity)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.integrity.binary import PLEXD, BinaryStatus, bare, binary_status
from plexsphere.policy.domain.integrity.violation import Detection, Finding, Kind
from plexsphere.policy.ports.integrity.binaries import NodeBinary
from plexsphere.policy.ports.integrity.known_good import KnownGood
from plexsphere.policy.ports.integrity.violations import Violations


@dataclass(frozen=True, slots=True)
class JudgeBinaries:
    """
    Raise a violation for every binary that was never released under its version, resolve those of good ones.

    Of a version that nothing was released of nothing is known, and nothing is raised. What is not announced yet and
    was released under another version that is supported raises nothing either, and resolves nothing: an agent that was
    upgraded may tell its checksum before its version.
    """

    known_good: KnownGood
    violations: Violations

    async def __call__(self, binaries: Sequence[NodeBinary], detected_by: Detection, at: datetime) -> None:
        """Judge them within the open unit of work."""
        told = [each for each in binaries if each.version and each.checksum]
        released = {version: await self.known_good.of(version) for version in {each.version for each in told}}
        judged = [(each, binary_status(each.checksum, released[each.version])) for each in told]
        drifted = await self._held([each for each, status in judged if status is BinaryStatus.DRIFT])
        good = [each.place for each, status in judged if status is BinaryStatus.MATCH]
        if drifted:
            await self.violations.raise_for([_finding(each, detected_by) for each in drifted], at)
        if good:
            await self.violations.resolve_binaries([(one.domain_id, one.node_id) for one in good], PLEXD)

    async def _held(self, drifted: Sequence[NodeBinary]) -> list[NodeBinary]:
        # Nothing is let past that could not be announced as what it is and be good then: it is what operators released
        # and support. What they would not have run any more they deprecate or withdraw.
        waiting = {bare(each.checksum) for each in drifted if not each.is_announced}
        supported = await self.known_good.supported_among(waiting) if waiting else frozenset()
        return [each for each in drifted if each.is_announced or bare(each.checksum) not in supported]


def _finding(binary: NodeBinary, detected_by: Detection) -> Finding:
    return Finding(
        binary.place,
        Kind.BINARY,
        PLEXD,
        detected_by,
        observed=canonical(binary.checksum),
        detail=f"version {binary.version}",
    )
