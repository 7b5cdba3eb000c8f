"""What can happen to an index, as values one can ask "what if" about."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import NodeId, PolicyId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy


@dataclass(frozen=True, slots=True)
class PutMember:
    """A node joins, or has other labels, another address or another Project from now on."""

    member: Member


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """A node leaves."""

    node_id: NodeId


@dataclass(frozen=True, slots=True)
class PutPolicy:
    """A policy is new, or has another head revision from now on."""

    policy: NetworkPolicy


@dataclass(frozen=True, slots=True)
class RemovePolicy:
    """A policy is gone."""

    policy_id: PolicyId


Change = PutMember | RemoveMember | PutPolicy | RemovePolicy
