"""The surface's questions about permissions, answered by identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.api.callers import Caller, Verdict
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference

MANAGE: Final = "manage"


@dataclass(frozen=True, slots=True)
class PermissionsBridge:
    """Answers the port `Permissions`."""

    authorizer: Authorizer

    async def decide(self, caller: Caller, permission: str, resource: Reference, /) -> Verdict:
        with translated({}):
            return verdict(await self.authorizer.check(caller.subject, permission, resource))

    async def decide_each(
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> Sequence[bool | None]:
        with translated({}):
            decisions = await self.authorizer.check_many(caller.subject, permission, resources)
        return [None if decision.reason is Reason.UNKNOWN else decision.allowed for decision in decisions]


@dataclass(frozen=True, slots=True)
class PlatformManagersPass:
    """
    An authorizer in whose eyes managing the platform is managing everything, also what does not exist.

    Relations alone say nothing of an object that is not there, so that its readers and strangers are refused alike.
    Those who manage the platform may learn the difference: they get the 404 instead of a 403.
    """

    authorizer: Authorizer

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        decision = await self.authorizer.check(subject, permission, resource)
        if decision.allowed or resource == PLATFORM_OBJECT:
            return decision
        above = await self.authorizer.check(subject, MANAGE, PLATFORM_OBJECT)
        return Decision(True, None, decision.relation_path) if above.allowed else decision

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        return await self.authorizer.check_many(subject, permission, resources)

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        return await self.authorizer.lookup_resources(subject, permission, resource_type, limit)

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        return await self.authorizer.lookup_subjects(resource, permission, subject_type, limit)


def verdict(decision: Decision) -> Verdict:
    """Return the decision in the surface's words; an object left unanswered is out of scope there."""
    reason = Reason.OUT_OF_SCOPE if decision.reason in (None, Reason.UNKNOWN) else decision.reason
    return Verdict(decision.allowed, reason.value, decision.relation_path)
