"""The registration surface, answered by fleet's enrolment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem
from plexsphere.api.v1.registration import problems
from plexsphere.api.v1.registration.wiring import Enrolled, Enrolling
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorway
from plexsphere.fleet.application.register_node import Enrolment, Registered, RegisterNode
from plexsphere.fleet.domain import errors
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.subjects import node_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.InvalidPublicKey: problems.INVALID_PUBLIC_KEY,
    errors.InvalidHostname: problems.INVALID_HOSTNAME,
    errors.InvalidMetadata: catalogue.INVALID_BODY,
    errors.InvalidManifest: catalogue.INVALID_BODY,
    errors.InvalidSandbox: catalogue.INVALID_BODY,
    errors.TokenInvalid: problems.TOKEN_INVALID,
    errors.HostnameTaken: problems.HOSTNAME_TAKEN,
    errors.PublicKeyTaken: problems.PUBLIC_KEY_TAKEN,
    errors.AddressPoolExhausted: problems.ADDRESS_POOL_EXHAUSTED,
}
DETAIL_OF: Final[Mapping[type[Exception], str]] = {
    errors.InvalidPublicKey: "public_key is 44 characters of base64 for a Curve25519 key that is not of low order",
    errors.InvalidHostname: "hostname is 1 to 253 letters, digits and hyphens in labels of at most 63, parted by dots",
    errors.InvalidMetadata: "metadata is at most 64 printable texts of 255 characters under keys of [A-Za-z0-9._/-]",
    errors.InvalidSandbox: "a hook's sandbox is none, namespaced or container",
    errors.TokenInvalid: "the token is unknown, expired, revoked or used; ask an operator for a new one",
    errors.HostnameTaken: "remove the old node first, or register under another hostname",
    errors.PublicKeyTaken: "generate a new key pair; two nodes never share one",
    errors.AddressPoolExhausted: "wait until released addresses have cooled down, or widen the Domain's range",
}
HEADERS_OF: Final[Mapping[type[Exception], Mapping[str, str]]] = {
    errors.AddressPoolExhausted: {"Retry-After": "60"},
}


def _detail(error: Exception) -> str:
    return error.detail if isinstance(error, errors.InvalidManifest) else DETAIL_OF.get(type(error), "")


TRANSLATED: Final = Translation(PROBLEM_OF, _detail, HEADERS_OF)


@dataclass(frozen=True, slots=True)
class RegistrationBridge:
    """Answers the surface's port `Registration`; the enrolment and its audit row commit together."""

    unit_of_work: UnitOfWork
    register_node: RegisterNode
    trail: AuditTrail
    doorway: Doorway = field(default_factory=Doorway)

    async def register(self, machine: Enrolling, /) -> Enrolled:
        enrolment = Enrolment(
            machine.token, machine.public_key, machine.hostname, machine.facts, machine.capabilities
        )
        with TRANSLATED:
            async with self.doorway(), self.unit_of_work():
                registered = await self.register_node(enrolment)
                self.trail.record(_entry(registered))
        return Enrolled(
            str(registered.node.id),
            str(registered.node.mesh_ip),
            registered.signing_public_key,
            registered.credentials.node_secret_key,
            registered.credentials.node_token,
            registered.peers,
        )


def _entry(registered: Registered) -> AuditEntry:
    relation = "node.register" if registered.is_first else "node.register_again"
    about = node_object(registered.node.id)
    return AuditEntry(registered.node.domain_id, str(about), relation, about)
