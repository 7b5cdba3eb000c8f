"""What one caller may ask of the process, and one source may get wrong (design D6)."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal
from plexsphere.api.sources import Sources
from plexsphere.platform.allowances import Allowances
from plexsphere.platform.telemetry.traffic import Traffic


class FailedAttempts(Protocol):
    """Counts what a source got wrong (design D10)."""

    def seconds_barred(self, source: str, /) -> float:
        """Return for how long a source is refused that failed more often within a minute than is allowed, else 0."""
        ...

    def count(self, source: str, /) -> None:
        """Count a failure."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Refuses what goes beyond a caller's allowance, and a source that presents one wrong credential after another.

    Heartbeats have an allowance apart: a node whose other calls run wild still lives. A credential that is known
    already is never refused for what others at the same address got wrong.
    """

    sources: Sources
    wrong_credentials: FailedAttempts
    failed_registrations: FailedAttempts
    heartbeats: Allowances[str]
    node_calls: Allowances[str]
    operator_calls: Allowances[UUID]
    traffic: Traffic

    def require_heartbeat(self, node: str) -> None:
        """
        Let a node's heartbeat through.

        Raises:
            Refusal: `rate_limited`.
        """
        seconds = self.heartbeats.take(node)
        if seconds:
            self._refuse(seconds)

    def require_node_call(self, node: str) -> None:
        """
        Let another call of a node through.

        Raises:
            Refusal: `rate_limited`.
        """
        seconds = self.node_calls.take(node)
        if seconds:
            self._refuse(seconds)

    def require_operator_call(self, principal_id: UUID) -> None:
        """
        Let an operator's call through, before anything is asked about it.

        Raises:
            Refusal: `rate_limited`.
        """
        seconds = self.operator_calls.take(principal_id)
        if seconds:
            self._refuse(seconds)

    def require_operator_left(self, principal_id: UUID) -> None:
        """
        Refuse an operator who has no call left, without taking one.

        Raises:
            Refusal: `rate_limited`.
        """
        seconds = self.operator_calls.seconds_until(principal_id)
        if seconds:
            self._refuse(seconds)

    def require_credible(self, scope: Any) -> None:
        """
        Let a credential be looked up.

        Raises:
            Refusal: `rate_limited`, as too many from the same source were wrong.
        """
        self._require_few(self.wrong_credentials, scope)

    def count_wrong_credential(self, scope: Any) -> None:
        """Count a credential that was nobody's."""
        self.wrong_credentials.count(self.sources(scope))

    def require_registration(self, scope: Any) -> None:
        """
        Let a machine try to register.

        Raises:
            Refusal: `rate_limited`, as too many registrations from the same source failed.
        """
        self._require_few(self.failed_registrations, scope)

    def count_failed_registration(self, scope: Any) -> None:
        """Count a registration that failed."""
        self.failed_registrations.count(self.sources(scope))

    def _require_few(self, failures: FailedAttempts, scope: Any) -> None:
        seconds = failures.seconds_barred(self.sources(scope))
        if seconds:
            self._refuse(seconds)

    def _refuse(self, seconds: float) -> None:
        self.traffic.rate_limited += 1
        raise Refusal(catalogue.RATE_LIMITED, headers={"Retry-After": str(ceil(seconds))})
