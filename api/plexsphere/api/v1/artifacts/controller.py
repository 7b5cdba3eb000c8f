"""
Handlers of the surface.

In the order of design D4: credential, provisioned at all, the name in the path, ReBAC with the denial audited first,
and only then the body: nobody who is refused has a binary taken from him.
"""

import re
from typing import Final, get_args

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.body import read
from plexsphere.api.callers import Caller, Permitted
from plexsphere.api.gate import AnyRequest, FromGate, Gate
from plexsphere.api.octets import OctetsRule, octets
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, one_parameter
from plexsphere.api.patience import be_patient
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.artifacts import operations, problems, schemas
from plexsphere.api.v1.artifacts.wiring import ArtifactPath, Artifacts, ArtifactWish
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT

FromArtifacts = NamedDependency[SkipValidation[Artifacts | None]]

BINARY: Final = OctetsRule(cap=256 * 1024 * 1024, too_large=problems.ARTIFACT_TOO_LARGE)
# The largest binary over some 2.5 Mbit/s.
UPLOAD_SECONDS: Final = 900.0
DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
STATUSES: Final = ("", *get_args(schemas.SupportStatus))


class ArtifactsController(Controller):
    """Put binaries, list and show releases, say whether they are supported."""

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, artifacts: FromArtifacts
    ) -> schemas.PlexdArtifactList:
        """List them."""
        caller = await gate.operator(request)
        stored = provisioned(artifacts)
        permitted = await gate.require(caller, "read", PLATFORM_OBJECT, "artifact.list")
        pager = Pager(cursors, "artifacts")
        page = await stored.page(permitted, pager.wanted(request, caller))
        return schemas.PlexdArtifactList(
            [schemas.PlexdArtifact.of(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, artifacts: FromArtifacts, version: FromPath[str]
    ) -> schemas.PlexdArtifact:
        """Show one."""
        caller = await gate.operator(request)
        stored = provisioned(artifacts)
        permitted = await _reader(gate, caller)
        return schemas.PlexdArtifact.of(await stored.get(permitted, version))

    @serves(operations.PATCH)
    async def patch(
        self, request: AnyRequest, gate: FromGate, artifacts: FromArtifacts, version: FromPath[str]
    ) -> schemas.PlexdArtifact:
        """Say whether one is supported."""
        caller = await gate.operator(request)
        stored = provisioned(artifacts)
        permitted = await gate.require(caller, "manage", PLATFORM_OBJECT, "artifact.patch")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.PlexdArtifact.of(
            await stored.set_support_status(permitted, version, body.support_status)
        )

    @serves(operations.PUT)
    async def put(
        self,
        request: AnyRequest,
        gate: FromGate,
        artifacts: FromArtifacts,
        version: FromPath[str],
        os: FromPath[str],
        arch: FromPath[str],
    ) -> Response[schemas.PlexdArtifactPut]:
        """Release a binary."""
        caller = await gate.operator(request)
        stored = provisioned(artifacts)
        path = ArtifactPath(version, os, arch)
        stored.require_name(path)
        permitted = await gate.require(caller, "manage", PLATFORM_OBJECT, "artifact.put")
        wish = _wish(request, path)
        parts = octets(request.receive, request.headers, BINARY)
        be_patient(request.scope, UPLOAD_SECONDS)
        view = await stored.take(permitted, wish, parts)
        location = operations.RELEASE.format(version=view.version)
        return Response(
            schemas.PlexdArtifactPut.put(view),
            status_code=201 if view.is_new else 200,
            headers={"Location": location},
        )


def provisioned(artifacts: Artifacts | None) -> Artifacts:
    """
    Return the application behind the surface.

    Raises:
        Refusal: `artifacts_not_provisioned`, when the deployment has no folder for them.
    """
    if artifacts is None:
        raise Refusal(problems.ARTIFACTS_NOT_PROVISIONED)
    return artifacts


async def _reader(gate: Gate, caller: Caller) -> Permitted:
    try:
        return await gate.require(caller, "read", PLATFORM_OBJECT, "artifact.read")
    except Refusal as refusal:
        # Whoever may not read the platform learns of no version whether it exists.
        if refusal.problem is catalogue.PERMISSION_DENIED:
            raise Refusal(problems.RELEASE_NOT_FOUND) from None
        raise


def _wish(request: AnyRequest, path: ArtifactPath) -> ArtifactWish:
    digest, status = one_parameter(request, "sha256"), one_parameter(request, "support_status")
    if (digest and DIGEST.fullmatch(digest) is None) or status not in STATUSES:
        raise Refusal(problems.INVALID_PARAMETER)
    return ArtifactWish(path, digest, status)
