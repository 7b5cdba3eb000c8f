"""Handlers of the surface."""

from typing import Any, Final

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api.operation import serves
from plexsphere.api.v1.meta import operations
from plexsphere.api.v1.meta.wiring import Health, HealthStatus, Version

ALIVE: Final = HealthStatus("ok", [])


class MetaController(Controller):
    """Public without a credential (design D7)."""

    @serves(operations.LIVE)
    async def live(self) -> HealthStatus:
        """Answer while the process serves."""
        return ALIVE

    @serves(operations.READY)
    async def ready(self, health: NamedDependency[SkipValidation[Health]]) -> Response[HealthStatus]:
        """Ask every dependency."""
        status = await health.ready()
        return Response(status, status_code=200 if status.status == "ok" else 503)

    @serves(operations.VERSION)
    async def version(self, health: NamedDependency[SkipValidation[Health]]) -> Version:
        """Name the build."""
        return health.version()

    @serves(operations.OPENAPI)
    async def openapi(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the document that was generated when the application was assembled."""
        return Response(request.app.state.openapi, media_type="application/json")
