"""The API server: HTTP over TLS on loopback, before a store of objects."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from aiohttp import web

from tests.kube_api import statuses
from tests.kube_api.accounts import Account, Accounts
from tests.kube_api.answers import NO_SUCH_PATH, Answer
from tests.kube_api.certificates import DAY, LOOPBACK, Authority, Credential, TlsFlaw, server_context
from tests.kube_api.definitions import Definition, plexd_hook
from tests.kube_api.field_sets import Json
from tests.kube_api.hostility import Hostility
from tests.kube_api.kubeconfigs import kubeconfig
from tests.kube_api.object_store import ObjectStore, Outcome, Wish
from tests.kube_api.request_log import Asked, RequestLog
from tests.kube_api.routes import APPLY, Route, require_patch_options, route_of, wish_of
from tests.kube_api.statuses import RefusedError

MOST_BYTES: Final = 3 * 1024 * 1024
VERBS: Final = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass
class KubeApi:
    """Answers requests as an API server with one custom resource does."""

    store: ObjectStore
    accounts: Accounts = field(default_factory=Accounts)
    log: RequestLog = field(default_factory=RequestLog)
    hostility: Hostility = field(default_factory=Hostility)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or do to it what is planned."""
        body = await _read(request)
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), body or b"")
        self.log.requests.append(asked)
        fault = self.hostility.due(request.method)
        has_effect = fault is None or fault.after_writing or not asked.is_mutating
        answer = self._answer(request, asked, body) if has_effect else Answer.of({})
        asked.has_written = answer.has_written
        if fault:
            return await self.hostility.strike(fault, request, answer)
        asked.outcome = answer.code
        return _response(answer)

    def _answer(self, request: web.BaseRequest, asked: Asked, body: bytes | None) -> Answer:
        try:
            if body is None:
                raise statuses.too_large(MOST_BYTES)
            peer = request.transport.get_extra_info("peercert") if request.transport else None
            caller = self.accounts.caller(request.headers.get("Authorization", ""), peer)
            return self._routed(asked, caller, request.content_type)
        except RefusedError as refusal:
            return Answer.of(refusal.status, refusal.code)

    def _routed(self, asked: Asked, caller: Account, content_type: str) -> Answer:
        route = route_of(asked.path, self.store.names)
        if route is None or asked.method not in VERBS:
            return NO_SUCH_PATH
        self._require_allowed(route, caller, asked.method)
        if not route.plural:
            return self._namespaces(route, asked)
        agent = asked.headers.get("User-Agent", "")
        wish = wish_of(asked.query, agent, caller.user, may_create="create" in caller.verbs)
        if asked.method in ("GET", "DELETE"):
            return self._without_body(route, asked, wish)
        outcome = self._write(route, asked, wish, content_type)
        return Answer.of(outcome.body, 201 if outcome.is_new else 200, has_written=outcome.has_written)

    def _require_allowed(self, route: Route, caller: Account, method: str) -> None:
        verb = "list" if method == "GET" and not route.name and route.plural else VERBS[method]
        if verb not in caller.verbs:
            raise statuses.may_not(self.store.names, route.name, caller.user, verb, route.namespace)

    def _without_body(self, route: Route, asked: Asked, wish: Wish) -> Answer:
        if asked.method == "DELETE":
            options = _document(asked.body) if asked.body else {}
            told = self.store.delete(route.key, options.get("preconditions") or {}, wish)
            return Answer.of(told, has_written=not wish.is_dry_run)
        if route.name:
            return Answer.of(self.store.get(route.key))
        return Answer.of(self.store.list_objects(route.namespace))

    def _write(self, route: Route, asked: Asked, wish: Wish, content_type: str) -> Outcome:
        if asked.method == "PATCH":
            require_patch_options(content_type, asked.query)
        body, is_status = _document(asked.body), bool(route.subresource)
        if asked.method == "PATCH" and content_type == APPLY:
            return self.store.apply(route.key, body, wish)
        if asked.method == "PATCH":
            patch = self.store.merge_patch_status if is_status else self.store.merge_patch
            return patch(route.key, body, wish)
        if asked.method == "PUT":
            put = self.store.replace_status if is_status else self.store.replace
            return put(route.key, body, wish)
        return self.store.create(_named_in(route, body).key, body, wish)

    def _namespaces(self, route: Route, asked: Asked) -> Answer:
        if asked.method == "POST":
            route = Route(_name_in(_document(asked.body)))
            self.store.create_namespace(route.namespace)
        elif asked.method == "DELETE":
            self.store.delete_namespace(route.namespace)
        is_ending = asked.method == "DELETE" or self.store.is_ending(route.namespace)
        told = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": route.namespace},
            "status": {"phase": "Terminating" if is_ending else "Active"},
        }
        return Answer.of(told, 201 if asked.method == "POST" else 200)


@dataclass(frozen=True)
class RunningApi:
    """A server that answers on a loopback port, and one account that may do everything."""

    api: KubeApi
    port: int
    authority: Authority
    account: Account

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    def kubeconfig(self, account: Account | None = None, **how: Any) -> bytes:
        """Return a kubeconfig for an account by its token; see `kubeconfigs.kubeconfig` for what else it may say."""
        given: dict[str, Any] = {"server": self.url, "authority": self.authority.certificate}
        return kubeconfig(**{**given, "token": (account or self.account).token, **how})

    def kubeconfig_by_certificate(self, account: Account | None = None, **how: Any) -> bytes:
        """Return a kubeconfig for an account by a client certificate."""
        credential = self.api.accounts.certificate((account or self.account).user)
        return self.kubeconfig(account, token="", credential=credential, **how)


@asynccontextmanager
async def running_api(
    definition: Definition | None = None,
    *,
    port: int = 0,
    flaw: TlsFlaw | None = None,
    needs_client: bool = False,
) -> AsyncIterator[RunningApi]:
    """Serve an empty cluster on loopback until the block ends."""
    api = KubeApi(ObjectStore(definition or plexd_hook()))
    authority = Authority.made("kube-api authority")
    shown = _server_credential(authority, flaw)
    context = server_context(shown, api.accounts.trusted, flaw=flaw, needs_client=needs_client)
    server = web.Server(api, access_log=None, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, port, ssl_context=context)
    await site.start()
    try:
        yield RunningApi(api, int(runner.addresses[0][1]), authority, api.accounts.admit("admin"))
    finally:
        api.hostility.forget()
        await runner.cleanup()


def _server_credential(authority: Authority, flaw: TlsFlaw | None) -> Credential:
    if flaw is TlsFlaw.WRONG_AUTHORITY:
        return Authority.made("somebody else's authority").for_server()
    if flaw is TlsFlaw.EXPIRED:
        return authority.for_server(lasts=-DAY)
    if flaw is TlsFlaw.WRONG_NAME:
        return authority.for_server(names=("elsewhere.test",))
    return authority.for_server()


async def _read(request: web.BaseRequest) -> bytes | None:
    """Return the body, None where it is larger than is read."""
    pieces = bytearray()
    async for piece in request.content.iter_chunked(65_536):
        pieces += piece
        if len(pieces) > MOST_BYTES:
            return None
    return bytes(pieces)


def _document(octets: bytes) -> Json:
    """Return what a body says, in JSON or YAML."""
    try:
        found = json.loads(octets)
    except ValueError:
        try:
            found = yaml.safe_load(octets)
        except (yaml.YAMLError, UnicodeDecodeError):
            found = None
    if not isinstance(found, dict):
        raise statuses.bad_request("error decoding: the body is no object")
    return found


def _named_in(collection: Route, body: Json) -> Route:
    return Route(collection.namespace, collection.plural, _name_in(body))


def _name_in(body: Json) -> str:
    metadata = body.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.code, body=answer.octets, headers={"Content-Type": answer.content_type})
