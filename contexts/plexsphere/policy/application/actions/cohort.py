"""The targets of a new execution, each held against what its node announced."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.application.actions.dispatch_draft import DispatchDraft
from plexsphere.policy.domain.actions.deadlines import timeout_of
from plexsphere.policy.domain.actions.definition import ActionDefinition
from plexsphere.policy.domain.actions.errors import (
    ActionNotDeclared,
    ApprovalRequired,
    ArtifactNotStored,
    CohortTooLarge,
    EmptyCohort,
    HookDrifted,
)
from plexsphere.policy.domain.actions.parameters import as_json, require_fitting
from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.ports.actions.announced_actions import Announced, AnnouncedActions
from plexsphere.policy.ports.actions.cohorts import Cohorts
from plexsphere.policy.ports.actions.executions import NewTarget
from plexsphere.policy.ports.actions.upgrade_checksums import UpgradeChecksums

MOST_TARGETS: Final = 10_000
# So many are held against their definitions in less than 2 ms.
AT_ONCE: Final = 64
VERSION: Final = "version"
CHECKSUM: Final = "checksum"


@dataclass(frozen=True, slots=True)
class Cohort:
    """
    Finds the nodes that a draft means and what each is to be told.

    Raises:
        SelectorSyntaxError, EmptyCohort, CohortTooLarge, ActionNotDeclared, HookDrifted, ApprovalRequired,
        ArtifactNotStored, InvalidParameters: in this order.
    """

    cohorts: Cohorts
    announced: AnnouncedActions
    checksums: UpgradeChecksums

    async def __call__(self, domain_id: DomainId, draft: DispatchDraft) -> tuple[NewTarget, ...]:
        nodes = await self._nodes(domain_id, draft)
        announced = await self.announced.of(domain_id, draft.name.type, draft.name.bare, nodes)
        _require_runnable(nodes, announced, draft)
        own = await self._own_parameters(domain_id, draft, nodes)
        targets: list[NewTarget] = []
        for node_id in nodes:
            if len(targets) % AT_ONCE == 0:
                await asyncio.sleep(0)
            targets.append(_target(node_id, announced[node_id].definition, draft, own.get(node_id)))
        return tuple(targets)

    async def _nodes(self, domain_id: DomainId, draft: DispatchDraft) -> Sequence[NodeId]:
        if draft.node_id is not None:
            nodes = await self.cohorts.node(domain_id, draft.project_id, draft.node_id)
        else:
            selector = Selector.parse(draft.selector or "")
            nodes = await self.cohorts.selected(domain_id, draft.project_id, selector)
        if not nodes:
            raise EmptyCohort
        if len(nodes) > MOST_TARGETS:
            raise CohortTooLarge(len(nodes), MOST_TARGETS)
        # In the order of ids, which are slow to compare themselves.
        return sorted(nodes, key=attrgetter("int"))

    async def _own_parameters(
        self, domain_id: DomainId, draft: DispatchDraft, nodes: Sequence[NodeId]
    ) -> Mapping[NodeId, Mapping[str, Any]]:
        """Return the parameters of an upgrade for each node, with the checksum of the binary that fits it."""
        version = draft.parameters.get(VERSION)
        if not draft.name.is_upgrade or not isinstance(version, str):
            return {}
        stored = await self.checksums.of(domain_id, version, nodes)
        asked = draft.parameters.get(CHECKSUM)
        if asked is None:
            return {each: {**draft.parameters, CHECKSUM: _the_one(stored.get(each))} for each in nodes}
        # Whoever names a checksum may mean a binary that is to be had elsewhere, never another one than is stored, and
        # never a version that operators withdrew.
        digest = _digest_of(asked)
        is_other = any(digest not in checksums for checksums in stored.values())
        if is_other or await self.checksums.is_withdrawn(version):
            raise ArtifactNotStored
        return {}


def _the_one(checksums: Collection[str] | None) -> str:
    if checksums is None or len(checksums) != 1:
        raise ArtifactNotStored
    return next(iter(checksums))


def _digest_of(asked: object) -> str:
    # Operators copy a digest in whatever spelling they find it; it is compared, and told to nodes as they gave it.
    return canonical(asked.lower()) if isinstance(asked, str) else ""


def _require_runnable(
    nodes: Sequence[NodeId], announced: Mapping[NodeId, Announced], draft: DispatchDraft
) -> None:
    missing = len(nodes) - len(announced)
    if missing:
        raise ActionNotDeclared(missing)
    drifted = [node_id for node_id in nodes if announced[node_id].is_drifted]
    if drifted:
        raise HookDrifted(drifted)
    if not draft.approve_privileged and any(each.definition.privileged for each in announced.values()):
        raise ApprovalRequired


def _target(
    node_id: NodeId, definition: ActionDefinition, draft: DispatchDraft, own: Mapping[str, Any] | None
) -> NewTarget:
    # What operators named is held against the definition; the checksum that is added for them is told all the same.
    require_fitting(draft.parameters if own is None else own, definition, () if own is None else (CHECKSUM,))
    return NewTarget(
        node_id=node_id,
        wire_name=definition.wire_name,
        checksum=definition.checksum,
        timeout_seconds=timeout_of(draft.timeout_seconds, definition.timeout_seconds),
        parameters=None if own is None else as_json(own),
    )
