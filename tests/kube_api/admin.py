"""What a test tells a server that runs as a process of its own, and asks it: plain HTTP on another loopback port."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from tests.kube_api.certificates import LOOPBACK
from tests.kube_api.hostility import Deed
from tests.kube_api.request_log import Asked
from tests.kube_api.server import KubeApi

REQUESTS: Final = "/requests"
FAULTS: Final = "/faults"


@asynccontextmanager
async def admin_endpoint(api: KubeApi) -> AsyncIterator[str]:
    """Serve the request log and the plan of faults until the block ends; lend the URL."""
    app = web.Application()
    app.add_routes(
        [
            web.get(REQUESTS, lambda request: _requests(api)),
            web.delete(REQUESTS, lambda request: _forget_requests(api)),
            web.post(FAULTS, lambda request: _plan(api, request)),
            web.delete(FAULTS, lambda request: _forget_faults(api)),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    try:
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _requests(api: KubeApi) -> web.Response:
    return web.json_response([told(each) for each in api.log.requests])


async def _forget_requests(api: KubeApi) -> web.Response:
    api.log.forget()
    return web.Response(status=204)


async def _plan(api: KubeApi, request: web.Request) -> web.Response:
    how = await request.json()
    api.hostility.plan(Deed(how.pop("deed")), **how)
    return web.Response(status=201)


async def _forget_faults(api: KubeApi) -> web.Response:
    api.hostility.forget()
    return web.Response(status=204)


def told(asked: Asked) -> dict[str, Any]:
    """Return a request in JSON; `requests_of` reads it again."""
    return {**asdict(asked), "body": asked.body.decode("latin-1")}


def requests_of(text: str) -> list[Asked]:
    """Return the requests that an answer tells."""
    return [Asked(**{**each, "body": each["body"].encode("latin-1")}) for each in json.loads(text)]
