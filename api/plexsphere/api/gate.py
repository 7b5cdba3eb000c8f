"""The gate of every operator operation, in the order of design D4: credential, path ids, ReBAC."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.callers import (
    AuthorizationAway,
    Caller,
    CallingNode,
    Denials,
    Nodes,
    Operators,
    Permissions,
    Permitted,
    Verdict,
)
from plexsphere.api.decisions import Decisions
from plexsphere.api.limits import Limits
from plexsphere.api.problem import Problem, Refusal
from plexsphere.platform.kernel.ids import parse_id
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference

AnyRequest = Request[Any, Any, Any]
Item = TypeVar("Item")

LOG: Final = logging.getLogger("plexsphere.api")

LONGEST_BEARER: Final = 4096
CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
SELF: Final = "self"


def bearer_of(authorization: str) -> Secret[str]:
    """
    Return the bearer credential of an Authorization header.

    Raises:
        Refusal: `unauthenticated`, when there is none.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(text) <= LONGEST_BEARER:
        raise Refusal(catalogue.UNAUTHENTICATED, headers=CHALLENGE)
    return Secret(text.strip())


def path_id(text: str, problem: Problem) -> UUID:
    """
    Read an id from the path (design D1).

    Raises:
        Refusal: the problem, when it is not the 36-character form.
    """
    try:
        return parse_id(text)
    except ValueError:
        raise Refusal(problem) from None


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets an operator's request through, or refuses it with its documented answer."""

    operators: Operators
    permissions: Permissions
    denials: Denials
    limits: Limits
    decisions: Decisions = field(default_factory=Decisions)

    async def operator(self, request: AnyRequest) -> Caller:
        """
        Return the operator who calls.

        Raises:
            Refusal: `unauthenticated` or `rate_limited`.
        """
        bearer = bearer_of(request.headers.get("authorization", ""))
        caller = self.operators.cached(bearer) or await self._looked_up(bearer, request.scope)
        self.limits.require_operator_call(caller.principal_id)
        return caller

    def require_left(self, scope: Any) -> None:
        """
        Refuse who is known to have no call left, before anything is spent on his request.

        Raises:
            Refusal: `rate_limited`.
        """
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        try:
            bearer = bearer_of(authorization.decode("latin-1"))
        except Refusal:
            # Some operations need no credential; the others refuse it in their turn.
            return
        caller = self.operators.cached(bearer)
        if caller is not None:
            self.limits.require_operator_left(caller.principal_id)

    async def _looked_up(self, bearer: Secret[str], scope: Any) -> Caller:
        self.limits.require_credible(scope)
        caller = await self.operators.resolve(bearer)
        if caller is None:
            self.limits.count_wrong_credential(scope)
            raise Refusal(catalogue.UNAUTHENTICATED, headers=CHALLENGE)
        return caller

    async def require(
        self,
        caller: Caller,
        permission: str,
        resource: Reference,
        relation: str,
        answered_as: Reference | None = None,
    ) -> Permitted:
        """
        Return the proof that the caller holds the permission; a denial is audited as `relation` first.

        Where the refusal would tell too much of the object it reads as if the caller had asked for `answered_as`.

        Raises:
            Refusal: `permission_denied`, `authz_unavailable` or `rate_limited`.
        """
        async with self.decisions(caller.principal_id):
            verdict = await self._decide(caller, permission, resource)
            if not verdict.allowed:
                await self.denials.denied(caller, relation, permission, resource)
                deny(verdict if answered_as is None else await self._decide(caller, permission, answered_as))
        return Permitted(caller, permission, resource, relation)

    async def require_self(self, caller: Caller, subject: Reference, relation: str) -> Permitted:
        """
        Return the proof that the caller acts on itself; acting on another is audited as `relation` and denied.

        Raises:
            Refusal: `permission_denied`.
        """
        if caller.subject != subject:
            await self.denials.denied(caller, relation, SELF, subject)
            deny(Verdict(False, "out_of_scope"))
        return Permitted(caller, SELF, subject, relation)

    async def holds(self, caller: Caller, permission: str, resource: Reference) -> bool:
        """
        Tell whether the caller holds a permission that only widens what is shown; nothing is audited.

        Raises:
            Refusal: `authz_unavailable` or `rate_limited`.
        """
        async with self.decisions(caller.principal_id):
            return (await self._decide(caller, permission, resource)).allowed

    async def visible(
        self,
        caller: Caller,
        permission: str,
        items: Sequence[Item],
        resource_of: Callable[[Item], Reference],
    ) -> list[Item]:
        """
        Return the items the caller may see; a row that cannot be told is left out.

        Raises:
            Refusal: `authz_unavailable` or `rate_limited`.
        """
        if not items:
            return []
        resources = [resource_of(item) for item in items]
        try:
            async with self.decisions(caller.principal_id):
                verdicts = await self.permissions.decide_each(caller, permission, resources)
        except AuthorizationAway:
            raise Refusal(catalogue.AUTHZ_UNAVAILABLE, headers={"Retry-After": "2"}) from None
        # zip stops at the shorter one: an answer that is missing lets nothing through (H49).
        return [item for item, allowed in zip(items, verdicts, strict=False) if allowed]

    async def judged(
        self, caller: Caller, permission: str, resources: Sequence[Reference]
    ) -> list[bool | None]:
        """
        Tell of each object whether the caller holds the permission; None where it cannot be told, for whatever reason.

        Raises:
            Refusal: `rate_limited`.
        """
        if not resources:
            return []
        verdicts: Sequence[bool | None] = ()
        async with self.decisions(caller.principal_id):
            try:
                verdicts = await self.permissions.decide_each(caller, permission, resources)
            except AuthorizationAway:
                LOG.warning("permissions cannot be checked: %d objects stay untold", len(resources))
            except Exception as error:  # whatever broke, nobody is let through by it
                LOG.warning("%d objects stay untold: %s", len(resources), type(error).__name__)
        # A short answer says nothing of the rest (H49).
        return [*verdicts, *[None] * len(resources)][: len(resources)]

    async def _decide(self, caller: Caller, permission: str, resource: Reference) -> Verdict:
        try:
            return await self.permissions.decide(caller, permission, resource)
        except AuthorizationAway:
            raise Refusal(catalogue.AUTHZ_UNAVAILABLE, headers={"Retry-After": "2"}) from None


FromGate = NamedDependency[SkipValidation[Gate]]


def deny(verdict: Verdict) -> NoReturn:
    """
    Refuse with the PermissionDenied body.

    Raises:
        Refusal: always.
    """
    raise Refusal(
        catalogue.PERMISSION_DENIED,
        extra={"reason": verdict.reason, "relation_path": list(verdict.relation_path)},
    )


@dataclass(frozen=True, slots=True)
class NodeGate:
    """Lets a node through to its own routes alone; a foreign and an unknown id answer alike (design D4, C04)."""

    nodes: Nodes
    limits: Limits

    def known(self, authorization: str, claimed: str) -> CallingNode | None:
        """Return the node that calls without waiting, when its credential was resolved before; None says nothing."""
        node = self.nodes.cached(bearer_of(authorization))
        return node if node is not None and node.name == claimed else None

    async def node(self, authorization: str, claimed: str, scope: Any) -> CallingNode:
        """
        Return the node that calls, when the path names that very node.

        Raises:
            Refusal: `unauthenticated`, `rate_limited`, `invalid_node_id` or `node_not_found`.
        """
        node = await self.any_node(authorization, scope)
        if claimed != node.name and path_id(claimed, catalogue.INVALID_NODE_ID) != node.node_id:
            raise Refusal(catalogue.NODE_NOT_FOUND)
        return node

    async def any_node(self, authorization: str, scope: Any) -> CallingNode:
        """
        Return the node that calls, for an operation whose path names none.

        Raises:
            Refusal: `unauthenticated` or `rate_limited`.
        """
        bearer = bearer_of(authorization)
        return self.nodes.cached(bearer) or await self._looked_up(bearer, scope)

    async def _looked_up(self, bearer: Secret[str], scope: Any) -> CallingNode:
        self.limits.require_credible(scope)
        traffic = self.limits.traffic
        traffic.lookups_in_hand += 1
        try:
            node = await self.nodes.resolve(bearer)
        finally:
            traffic.lookups_in_hand -= 1
        if node is None:
            self.limits.count_wrong_credential(scope)
            raise Refusal(catalogue.UNAUTHENTICATED, headers=CHALLENGE)
        return node
