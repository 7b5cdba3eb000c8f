"""Bodies of the dry run."""

from typing import Final, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from plexsphere.api.body import KIB, BodyRule
from plexsphere.api.v1.policies.schemas import PolicyDiff, Rules, Selector, Tests
from plexsphere.api.v1.policies.wiring import FailedTestView, PolicyTrial, RehearsalView


class PolicyDryRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a policy might say; without `tests` it keeps those that it has."""

    selector: Selector
    rules: Rules
    tests: Tests | UnsetType = UNSET

    def trial(self) -> PolicyTrial:
        """Return what is tried."""
        return PolicyTrial(
            source_selector=self.selector.source,
            destination_selector=self.selector.destination,
            rules=tuple(rule.text() for rule in self.rules),
            tests=None if self.tests is UNSET else tuple(test.text() for test in self.tests),
        )


class FailedPolicyTest(msgspec.Struct, frozen=True):
    """
    A policy test of the Project that would not hold, and two nodes of which it would not.

    `by_change` is false where it fails already: then it stands in nobody's way.
    """

    policy_slug: str
    name: str
    by_change: bool
    source_node_id: UUID
    destination_node_id: UUID

    @classmethod
    def of(cls, view: FailedTestView) -> Self:
        """Show the test."""
        return cls(view.policy_slug, view.name, view.by_change, view.source_node_id, view.destination_node_id)


class PolicyRehearsal(msgspec.Struct, frozen=True):
    """
    What would happen; nothing did.

    At most 10,000 nodes and 1,000 pairs are listed, the counts are of all. `unreachable_node_ids` would lose their
    last peer. An update would need `confirm: true` where `confirmation_required`, and be refused where
    `policy_too_large` or some test fails `by_change`.
    """

    matched_node_ids: list[UUID]
    matched_node_count: int
    rule_diff: PolicyDiff
    peer_pairs_affected: int
    pairs_gained: int
    pairs_lost: int
    gained_pairs: list[list[UUID]]
    lost_pairs: list[list[UUID]]
    unreachable_node_ids: list[UUID]
    unreachable_node_count: int
    confirmation_required: bool
    policy_too_large: bool
    failed_tests: list[FailedPolicyTest]

    @classmethod
    def of(cls, view: RehearsalView) -> Self:
        """Show what would happen."""
        return cls(
            matched_node_ids=list(view.matched),
            matched_node_count=view.matched_count,
            rule_diff=PolicyDiff.of(view.rule_diff),
            peer_pairs_affected=view.gained_count + view.lost_count,
            pairs_gained=view.gained_count,
            pairs_lost=view.lost_count,
            gained_pairs=[list(pair) for pair in view.gained],
            lost_pairs=[list(pair) for pair in view.lost],
            unreachable_node_ids=list(view.unreachable),
            unreachable_node_count=view.unreachable_count,
            confirmation_required=view.needs_confirmation,
            policy_too_large=view.is_too_large,
            failed_tests=[FailedPolicyTest.of(test) for test in view.failed_tests],
        )


DRY_RUN: Final = BodyRule(msgspec.json.Decoder(PolicyDryRun), cap=512 * KIB)
