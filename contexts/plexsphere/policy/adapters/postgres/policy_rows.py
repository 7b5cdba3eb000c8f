"""Rows of policies with their heads, and the policies they mean."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.adapters.postgres.policy_test_rows import test_as_json, test_of
from plexsphere.policy.domain.policy import NetworkPolicy, PolicySelector, Revision, RevisionId
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.ports.policies import PolicyHeader

HEADER: Final = (
    "policy.id, policy.project_id, policy.slug, policy.display_name, policy.head_revision_id, "
    "policy.created_at, policy.updated_at"
)
HEAD: Final = (
    "head.policy_id, head.id, head.parent_id, head.number, head.source_selector, head.destination_selector, "
    "head.rules, head.tests, head.created_at, head.created_by, head.correlation_id"
)

# So many rules are read in less than 2 ms.
AT_ONCE: Final = 64


def values_of(domain_id: DomainId, policy: NetworkPolicy, revision: int) -> dict[str, Any]:
    """Return what a policy and its head are stored as."""
    head = policy.head
    return {
        "domain": domain_id,
        "policy": policy.id,
        "project": policy.project_id,
        "slug": policy.slug,
        "display_name": policy.display_name or "",
        "policy_created_at": policy.created_at,
        "policy_updated_at": policy.updated_at,
        "revision": revision,
        "head": head.id,
        "parent": head.parent_id,
        "number": head.number,
        "source": head.selector.source.text,
        "destination": head.selector.destination.text,
        "rules": Jsonb([_as_json(rule) for rule in head.rules]),
        "tests": Jsonb([test_as_json(test) for test in head.tests]),
        "created_at": head.created_at,
        "created_by": head.created_by,
        "correlation_id": head.correlation_id or "",
    }


def header_of(row: Sequence[Any]) -> PolicyHeader:
    """Return the header that a SELECT of `HEADER` yielded."""
    policy_id, project_id, slug, display_name, head_id, created_at, updated_at = row
    return PolicyHeader(
        id=PolicyId(policy_id),
        project_id=ProjectId(project_id),
        slug=slug,
        display_name=display_name or None,
        head_revision_id=RevisionId(head_id),
        created_at=created_at,
        updated_at=updated_at,
    )


async def policy_of(header: PolicyHeader, head: Sequence[Any]) -> NetworkPolicy:
    """Return the policy of a header and a SELECT of `HEAD`, without holding up the other tasks of the process."""
    revision = await revision_of(head)
    return NetworkPolicy(
        header.id,
        header.project_id,
        header.slug,
        header.display_name,
        revision,
        header.created_at,
        header.updated_at,
    )


async def revision_of(row: Sequence[Any]) -> Revision:
    """Return the revision that a SELECT of `HEAD` yielded, without holding up the other tasks of the process."""
    policy_id, revision_id, parent_id, number, source, destination, rules, tests, *origin = row
    at, by, correlation_id = origin
    return Revision(
        id=RevisionId(revision_id),
        policy_id=PolicyId(policy_id),
        parent_id=parent_id and RevisionId(parent_id),
        number=number,
        selector=PolicySelector(Selector.parse(source), Selector.parse(destination)),
        rules=await _rules(rules),
        created_at=at,
        created_by=by,
        correlation_id=correlation_id or None,
        tests=tuple(map(test_of, tests)),
    )


async def _rules(stored: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for each in stored:
        if len(rules) % AT_ONCE == 0:
            await asyncio.sleep(0)
        rules.append(_rule(each))
    return tuple(rules)


def _rule(stored: Mapping[str, Any]) -> Rule:
    return Rule.parse(
        action=stored["action"],
        protocol=stored["protocol"],
        source_cidr=stored["source_cidr"],
        destination_cidr=stored["destination_cidr"],
        ports=tuple(stored["ports"]) if "ports" in stored else None,
    )


def _as_json(rule: Rule) -> dict[str, Any]:
    words: dict[str, Any] = {
        "action": rule.action.value,
        "protocol": rule.protocol.value,
        "source_cidr": str(rule.source_cidr),
        "destination_cidr": str(rule.destination_cidr),
    }
    return words | {"ports": [rule.ports.first, rule.ports.last]} if rule.ports else words
