"""The surface with everything behind it in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final
from uuid import UUID

import httpx
from litestar import Litestar

from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.app import Services, create_app, routed_operations
from plexsphere.api.callers import AuthorizationAway, Caller, Verdict
from plexsphere.api.edge import AsgiApp, DirectRoutes, Edge
from plexsphere.api.gate import Gate
from plexsphere.api.limits import Limits
from plexsphere.api.operation import Operation
from plexsphere.api.shedding import Shedding, Unhurried
from plexsphere.api.sources import Sources
from plexsphere.api.spellings import Spellings
from plexsphere.composition.failures import FailuresBySource
from plexsphere.platform.allowances import Allowances
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.cursors import SealedCursors
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.telemetry.traffic import Traffic

DOMAIN: Final = DomainId(UUID("0190f3a0-0000-7000-8000-0000000000d1"))
OTHER_DOMAIN: Final = DomainId(UUID("0190f3a0-0000-7000-8000-0000000000d2"))
PROJECT: Final = UUID("0190f3a0-0000-7000-8000-0000000000b1")
ABSENT: Final = UUID("0190f3a0-0000-7000-8000-00000000dead")
ALICE_ID: Final = UUID("0190f3a0-0000-7000-8000-00000000000a")
ROBOT_ID: Final = UUID("0190f3a0-0000-7000-8000-00000000000b")

ALICE: Final = Caller(Reference("user", str(ALICE_ID)), ALICE_ID, None)
ROBOT: Final = Caller(Reference("service-identity", str(ROBOT_ID)), ROBOT_ID, DOMAIN)

OPERATORS: Final = {"alice": ALICE, "robot": ROBOT}
AS_ALICE: Final = {"Authorization": "Bearer alice"}
AS_ROBOT: Final = {"Authorization": "Bearer robot"}
AS_A_NODE: Final = {"Authorization": "Bearer plx_node_1234"}


def roomy_limits(clock: Clock | None = None, **narrow: Any) -> Limits:
    """Return limits that nobody comes to, but for those given."""
    clock = clock or SystemClock()
    given: dict[str, Any] = {
        "sources": Sources(),
        "wrong_credentials": FailuresBySource(clock, 10**6),
        "failed_registrations": FailuresBySource(clock, 10**6),
        "heartbeats": Allowances[str](clock, 10**6),
        "node_calls": Allowances[str](clock, 10**6),
        "operator_calls": Allowances[UUID](clock, 10**6),
        "traffic": Traffic(),
    }
    return Limits(**{**given, **narrow})


class FakeOperators:
    """Knows the operators of this module by their names."""

    def cached(self, bearer: Secret[str], /) -> Caller | None:
        return None

    async def resolve(self, bearer: Secret[str], /) -> Caller | None:
        return OPERATORS.get(bearer.reveal())


@dataclass
class FakePermissions:
    """Grants everything to Alice until told otherwise, and to others what they were given."""

    all_to: set[Reference] = field(default_factory=lambda: {ALICE.subject})
    grants: set[tuple[Reference, str, Reference]] = field(default_factory=set)
    away: bool = False

    def allow(self, caller: Caller, permission: str, resource: Reference) -> None:
        """Grant one permission on one object."""
        self.grants.add((caller.subject, permission, resource))

    async def decide(self, caller: Caller, permission: str, resource: Reference, /) -> Verdict:
        if self.away:
            raise AuthorizationAway
        allowed = caller.subject in self.all_to or (caller.subject, permission, resource) in self.grants
        return Verdict(allowed, "insufficient_relation", (f"{resource.type}#admin",))

    async def decide_each(
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> list[bool]:
        return [(await self.decide(caller, permission, each)).allowed for each in resources]


@dataclass
class FakeDenials:
    """Remembers what was denied; can be made to fail."""

    written: list[tuple[Caller, str, str, Reference]] = field(default_factory=list)
    failure: Exception | None = None

    async def denied(self, caller: Caller, relation: str, permission: str, resource: Reference, /) -> None:
        if self.failure:
            raise self.failure
        self.written.append((caller, relation, permission, resource))


class NoDirectRoutes:
    """Leaves every call to the router."""

    def match(self, scope: Any, /) -> AsgiApp | None:
        return None


@dataclass(frozen=True)
class Unasked:
    """A service that no test gave: asking it fails."""

    slot: str

    def __getattr__(self, name: str) -> Any:
        def asked(*given: Any, **options: Any) -> None:
            raise AssertionError(f"{self.slot}.{name} was asked")

        return asked


@dataclass
class Surface:
    """The application, and what stands behind its gate."""

    app: AsgiApp
    permissions: FakePermissions
    denials: FakeDenials

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; Alice calls unless the headers say otherwise."""
        headers = {**AS_ALICE, **options.pop("headers", {})}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://plexsphere") as client:
            return await client.request(method, path, headers=headers, **options)


def surface(direct: DirectRoutes | None = None, **services: Any) -> Surface:
    """Return the application with these services; the others fail when they are asked."""
    permissions, denials, limits = FakePermissions(), FakeDenials(), roomy_limits()
    given: dict[str, Any] = {
        "gate": Gate(FakeOperators(), permissions, denials, limits),
        "limits": limits,
        "cursors": SealedCursors(Secret(bytes(32))),
        **services,
    }
    slots: dict[str, Any] = {each.name: given.get(each.name, Unasked(each.name)) for each in fields(Services)}
    return Surface(
        create_app(
            Services(**slots), direct or NoDirectRoutes(), (), Shedding(Traffic()), "test", AnswerCounts(())
        ),
        permissions,
        denials,
    )


def router() -> Litestar:
    """Return what is behind the edge."""
    app = surface().app
    assert isinstance(app, Edge)
    assert isinstance(app.router, Unhurried)
    assert isinstance(app.router.router, Spellings)
    assert isinstance(app.router.router.router, Litestar)
    return app.router.router.router


def routed() -> list[Operation]:
    """Return the operations that the router serves."""
    # The router keeps methods in sets; every worker of a test run must see one order.
    return sorted(routed_operations(router()), key=lambda each: each.id)


def code_of(response: httpx.Response) -> str:
    """Return the problem code of a refusal."""
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["code"])
