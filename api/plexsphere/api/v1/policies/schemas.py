"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plexsphere.api.body import KIB, BodyRule
from plexsphere.api.gate import path_id
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.policies import problems
from plexsphere.api.v1.policies.wiring import (
    EndText,
    NewPolicy,
    PolicyEdit,
    PolicyTestText,
    PolicyView,
    RevisionView,
    RuleDiffView,
    RuleText,
)

# Documented here, enforced by the domain, whose refusals have names of their own.
Action = Annotated[str, Meta(extra_json_schema={"enum": ["allow", "deny", "log"]})]
Protocol = Annotated[str, Meta(extra_json_schema={"enum": ["tcp", "udp", "icmp", "any"]})]
Cidr = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}$"})]
Port = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 65535})]
Slug = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z][a-z0-9-]*$", "maxLength": 64})]
DisplayName = Annotated[str, Meta(min_length=1, max_length=255)]
LabelExpression = Annotated[
    str,
    Meta(
        description="`k=v`, `k in (a,b)`, `k`, `!k`, a comma means and; `*` is every node of the Project.",
        extra_json_schema={"minLength": 1, "maxLength": 4096},
    ),
]


MeshIp = Annotated[str, Meta(extra_json_schema={"format": "ipv4"})]
TestName = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 128})]
Expectation = Annotated[str, Meta(extra_json_schema={"enum": ["allow", "deny"]})]
IdText = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


class Ports(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """Ports from the first to the last, both included."""

    first: Port
    last: Port


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule; tcp and udp need `ports`, the others refuse them."""

    action: Action
    protocol: Protocol
    source_cidr: Cidr
    destination_cidr: Cidr
    ports: Ports | None = None

    def text(self) -> RuleText:
        """Return the rule in its own words."""
        ports = (self.ports.first, self.ports.last) if self.ports else None
        return RuleText(self.action, self.protocol, self.source_cidr, self.destination_cidr, ports)

    @classmethod
    def of(cls, rule: RuleText) -> Self:
        """Show the rule."""
        ports = Ports(*rule.ports) if rule.ports else None
        return cls(rule.action, rule.protocol, rule.source_cidr, rule.destination_cidr, ports)


class PolicyTestEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Nodes by a label expression, or one by its mesh address; exactly one of the two is given."""

    selector: LabelExpression | None = None
    mesh_ip: MeshIp | None = None

    def text(self) -> EndText:
        """Return the end in its own words."""
        return EndText(self.selector, self.mesh_ip)

    @classmethod
    def of(cls, end: EndText) -> Self:
        """Show the end."""
        return cls(end.selector, end.mesh_ip)


class PolicyTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    What every node at the one end may, or must not, send to every other node at the other.

    tcp and udp need a `port`; `any` asks whether anything at all may be sent.
    """

    name: TestName
    source: PolicyTestEnd
    destination: PolicyTestEnd
    protocol: Protocol
    expect: Expectation
    port: Port | None = None

    def text(self) -> PolicyTestText:
        """Return the test in its own words."""
        ends = self.source.text(), self.destination.text()
        return PolicyTestText(self.name, *ends, self.protocol, self.port, self.expect)

    @classmethod
    def of(cls, test: PolicyTestText) -> Self:
        """Show the test."""
        ends = PolicyTestEnd.of(test.source), PolicyTestEnd.of(test.destination)
        return cls(test.name, *ends, test.protocol, test.expect, test.port)


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which nodes a policy speaks of, at either end of the traffic."""

    source: LabelExpression
    destination: LabelExpression


Tests = Annotated[list[PolicyTest], Meta(extra_json_schema={"maxItems": 64})]
Rules = Annotated[list[Rule], Meta(extra_json_schema={"minItems": 1, "maxItems": 1024})]


class PolicyCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new policy; `confirm` accepts that most of what the Domain's nodes see may vanish."""

    slug: Slug
    selector: Selector
    rules: Rules
    display_name: DisplayName | None = None
    confirm: bool = False
    tests: Tests = []

    def wish(self) -> NewPolicy:
        """Return the policy as wished."""
        return NewPolicy(
            slug=self.slug,
            display_name=self.display_name,
            source_selector=self.selector.source,
            destination_selector=self.selector.destination,
            rules=tuple(rule.text() for rule in self.rules),
            confirm=self.confirm,
            tests=tuple(test.text() for test in self.tests),
        )


class PolicyPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What a policy says from now on: `selector` and `rules` are both needed, a null `display_name` takes the name away.

    With an `expected_revision_id` nothing happens unless that is still the head; `tests`, where given, take the place
    of those that there are.
    """

    selector: Selector | UnsetType = UNSET
    rules: Rules | UnsetType = UNSET
    display_name: DisplayName | UnsetType | None = UNSET
    expected_revision_id: IdText | None = None
    confirm: bool = False
    tests: Tests | UnsetType = UNSET

    def edit(self) -> PolicyEdit:
        """
        Return what the patch asks for.

        Raises:
            Refusal: `empty_patch`; `invalid_body`, when the expected revision's id is none.
        """
        if self.selector is UNSET or self.rules is UNSET:
            raise Refusal(problems.EMPTY_PATCH)
        expected = self.expected_revision_id
        return PolicyEdit(
            source_selector=self.selector.source,
            destination_selector=self.selector.destination,
            rules=tuple(rule.text() for rule in self.rules),
            display_name=None if self.display_name is UNSET else self.display_name or "",
            expected_revision_id=None if expected is None else path_id(expected, problems.INVALID_BODY),
            confirm=self.confirm,
            tests=None if self.tests is UNSET else tuple(test.text() for test in self.tests),
        )


class PolicyRevision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a policy says since `created_at`."""

    id: UUID
    policy_id: UUID
    selector: Selector
    rules: list[Rule]
    created_at: datetime
    created_by: str
    parent_id: UUID | None = None
    correlation_id: str | None = None
    tests: list[PolicyTest] = []

    @classmethod
    def of(cls, view: RevisionView) -> Self:
        """Show the revision."""
        return cls(
            id=view.id,
            policy_id=view.policy_id,
            selector=Selector(view.source_selector, view.destination_selector),
            rules=[Rule.of(rule) for rule in view.rules],
            created_at=view.created_at,
            created_by=view.created_by,
            parent_id=view.parent_id,
            correlation_id=view.correlation_id,
            tests=[PolicyTest.of(test) for test in view.tests],
        )


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """A policy; `head` comes with single reads alone."""

    id: UUID
    project_id: UUID
    slug: str
    head_revision_id: UUID
    created_at: datetime
    updated_at: datetime
    display_name: str | None = None
    head: PolicyRevision | None = None

    @classmethod
    def of(cls, view: PolicyView) -> Self:
        """Show the policy."""
        return cls(
            id=view.id,
            project_id=view.project_id,
            slug=view.slug,
            head_revision_id=view.head_revision_id,
            created_at=view.created_at,
            updated_at=view.updated_at,
            display_name=view.display_name,
            head=PolicyRevision.of(view.head) if view.head else None,
        )


class PolicyList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[Policy]
    next_cursor: str | None = None


class PolicyRevisionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[PolicyRevision]
    next_cursor: str | None = None


class RuleModification(msgspec.Struct, frozen=True):
    """A rule whose action alone is another."""

    before: Rule
    after: Rule


class PolicyDiff(msgspec.Struct, frozen=True):
    """What differs between two lists of rules; their order does not count."""

    added: list[Rule]
    removed: list[Rule]
    modified: list[RuleModification]

    @classmethod
    def of(cls, view: RuleDiffView) -> Self:
        """Show the difference."""
        return cls(
            [Rule.of(rule) for rule in view.added],
            [Rule.of(rule) for rule in view.removed],
            [RuleModification(Rule.of(before), Rule.of(after)) for before, after in view.modified],
        )


CREATE: Final = BodyRule(msgspec.json.Decoder(PolicyCreate), cap=512 * KIB)
PATCH: Final = BodyRule(msgspec.json.Decoder(PolicyPatch), cap=512 * KIB)
