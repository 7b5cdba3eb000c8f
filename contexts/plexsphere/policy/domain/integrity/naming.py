"""Reports of hooks that a node had not announced before (plexd.md, Integrity Alert; design D30)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.policy.domain.integrity.violation import Violation, hook_named


@dataclass(frozen=True, slots=True)
class Naming:
    """
    Which hooks violations are of by now, and which of them are outdated.

    Of several of one hook the newest that tells what was observed is what stands, as if the hook had been known.
    """

    names: Mapping[ViolationId, str]
    outdated: Collection[ViolationId]


def naming(unnamed: Sequence[Violation], hooks: Collection[str]) -> Naming:
    """Return what follows from these being the node's hooks; what names none of them stays as it is."""
    named = [(hook_named(each.finding.artifact_id, hooks), each) for each in unnamed]
    found = sorted([each for each in named if each[0] in hooks], key=lambda pair: _weight(pair[1]))
    standing = {name: violation.id for name, violation in found}
    outdated = {violation.id for _, violation in found} - set(standing.values())
    return Naming({violation_id: name for name, violation_id in standing.items()}, outdated)


def _weight(violation: Violation) -> tuple[bool, ViolationId]:
    return bool(violation.finding.observed), violation.id
