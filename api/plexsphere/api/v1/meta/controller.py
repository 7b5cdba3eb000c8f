"""Handlers of the surface."""

from typing import Any, Final

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.operation import serves
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.meta import operations, page
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

    @serves(operations.DOCS)
    async def docs(self) -> Response[bytes]:
        """Return the page that shows the document."""
        return Response(page.content(page.INDEX), media_type="text/html", headers=page.HEADERS)

    # No operation of the wire contract, hence not in the document: only the page asks for it.
    @get("/v1/docs/{asset:str}")
    async def docs_asset(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return one of the page's own files, found in a table and nowhere else."""
        if (found := page.ASSETS.get(request.path_params["asset"])) is None:
            raise Refusal(catalogue.ROUTE_NOT_FOUND)
        return Response(page.content(found.file), media_type=found.media_type, headers=page.HEADERS)
