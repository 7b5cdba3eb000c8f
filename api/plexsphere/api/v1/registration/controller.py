"""The handler of the surface."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api.body import KIB, BodyRule, Disconnected, read
from plexsphere.api.limits import Limits
from plexsphere.api.operation import serves
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.registration import operations
from plexsphere.api.v1.registration.schemas import RegisterRequest
from plexsphere.api.v1.registration.wiring import Enrolled, Enrolling, Registration
from plexsphere.platform.json_decoder import IN_ANY_CASE
from plexsphere.platform.kernel.secret import Secret

BODY: Final = BodyRule(msgspec.json.Decoder(RegisterRequest), cap=256 * KIB, unique_keys=IN_ANY_CASE)
NOT_STORED: Final = {"Cache-Control": "no-store"}


class RegistrationController(Controller):
    """Public: the bootstrap token in the body is the credential."""

    @serves(operations.REGISTER)
    async def register(
        self,
        request: Request[Any, Any, Any],
        registration: NamedDependency[SkipValidation[Registration]],
        limits: NamedDependency[SkipValidation[Limits]],
    ) -> Response[bytes]:
        """Enrol the machine; only failures are counted against its address."""
        limits.require_registration(request.scope)
        try:
            machine = _machine(await read(request.receive, request.headers, BODY))
            enrolled = await registration.register(machine)
        except Refusal as refusal:
            if refusal.problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                limits.count_failed_registration(request.scope)
            raise
        except Disconnected:
            limits.count_failed_registration(request.scope)
            raise
        return Response(_answer(enrolled), status_code=201, media_type="application/json", headers=NOT_STORED)


def _machine(body: RegisterRequest) -> Enrolling:
    return Enrolling(
        Secret(body.token),
        body.public_key,
        body.hostname,
        body.metadata or {},
        b"" if body.capabilities is None else msgspec.json.encode(body.capabilities),
    )


def _answer(enrolled: Enrolled) -> bytes:
    return msgspec.json.encode(
        {
            "node_id": enrolled.node_id,
            "mesh_ip": enrolled.mesh_ip,
            "signing_public_key": enrolled.signing_public_key,
            "node_secret_key": enrolled.node_secret_key.reveal(),
            "node_token": enrolled.node_token.reveal(),
            "peers": msgspec.Raw(enrolled.peers.reveal().encode()),
        }
    )
