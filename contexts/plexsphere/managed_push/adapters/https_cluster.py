"""Clusters over HTTPS: three requests to one URL (managed-push.md, Server-Side Apply; decision 0038)."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final

import msgspec
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)

from plexsphere.managed_push.adapters.cluster_answers import Answer
from plexsphere.managed_push.adapters.tls_context import EncryptedKey, tls_context
from plexsphere.managed_push.adapters.vetted_resolver import LookUp, VettedResolver, system_look_up
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER, ClusterObject
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import ClusterUnreachable, OutcomeUnsure
from plexsphere.managed_push.ports.cluster import Applied
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK
from plexsphere.platform.kernel.secret import Secret

MOST_OCTETS: Final = 2 * 1024 * 1024
READ_OCTETS: Final = 64 * 1024
PREPARE_SECONDS: Final = 3.0
TIMEOUTS: Final = ClientTimeout(total=10.0, sock_connect=5.0)

APPLY: Final = {"Content-Type": "application/apply-patch+yaml"}
DELETE: Final = {"Content-Type": "application/json"}
# False, and never anything a string could be taken for.
AS_OURS: Final = {"fieldManager": FIELD_MANAGER, "force": "false"}
REHEARSED: Final = {**AS_OURS, "dryRun": "All"}

# These say for certain that no octet of the request was sent.
NOT_SENT: Final = (ClientConnectorError, ConnectionTimeoutError)


class TooLarge(ClientError):
    """An answer is longer than anything that a push needs to know."""


@dataclass(frozen=True, slots=True)
class HttpsCluster:
    """
    Answers the port `Cluster`: one connection for each session, to an address that was vetted.

    No redirect is followed, no proxy or netrc of the environment is used, nothing is decompressed, and of an answer at
    most 2 MiB are read. The certificate must be the cluster's own, for the name in its kubeconfig.
    """

    egress: Callable[[], Awaitable[EgressPolicy]]
    look_up: LookUp = system_look_up

    @asynccontextmanager
    async def session(self, access: ClusterAccess, /) -> AsyncGenerator["HttpsSession"]:
        """
        Yield the session; it opens its connection with the first request.

        Raises:
            ClusterUnreachable: the address is one that is never dialled, or no TLS can be made of the credential.
        """
        policy, context = await self._prepared(access)
        connector = TCPConnector(
            resolver=VettedResolver(policy, self.look_up), ssl=context, limit=1, use_dns_cache=False
        )
        async with ClientSession(
            connector=connector,
            headers=_headers(access),
            timeout=TIMEOUTS,
            trust_env=False,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        ) as client:
            yield HttpsSession(client, access)

    async def _prepared(self, access: ClusterAccess) -> tuple[EgressPolicy, ssl.SSLContext]:
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                policy = await self.egress()
                _require_permitted(access.host, policy)
                return policy, await asyncio.to_thread(tls_context, access)
        except (OSError, ValueError, TimeoutError, EncryptedKey) as error:
            raise ClusterUnreachable from error


@dataclass(frozen=True, slots=True)
class HttpsSession:
    """Answers the port `ClusterSession`."""

    client: ClientSession
    access: ClusterAccess

    async def get_hook(self, namespace: str, name: str, /) -> ClusterObject | None:
        try:
            answer = await self._asked("GET", namespace, name)
        except (ClientError, OSError, ValueError) as error:
            raise ClusterUnreachable from error
        if answer.says_not_found():
            return None
        if answer.status != HTTPStatus.OK:
            raise ClusterUnreachable
        return answer.hook(namespace, name)

    async def apply_hook(self, body: Mapping[str, Any], /, *, dry_run: bool = False) -> Applied:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        query = REHEARSED if dry_run else AS_OURS
        answer = await self._written("PATCH", namespace, name, APPLY, body, query)
        if not answer.is_success:
            raise answer.refusal()
        try:
            return Applied(answer.hook(namespace, name), answer.status == HTTPStatus.CREATED)
        except ClusterUnreachable as error:
            raise OutcomeUnsure(is_over=True) from error

    async def delete_hook(self, namespace: str, name: str, uid: str, /) -> None:
        answer = await self._written("DELETE", namespace, name, DELETE, {"preconditions": {"uid": uid}}, {})
        if not answer.is_success and not answer.says_not_found():
            raise answer.refusal()

    async def _written(
        self,
        method: str,
        namespace: str,
        name: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        query: Mapping[str, str],
    ) -> Answer:
        data = msgspec.json.encode(body)
        try:
            return await self._asked(method, namespace, name, headers=headers, data=data, params=query)
        except NOT_SENT as error:
            raise ClusterUnreachable from error
        except (ClientError, OSError, ValueError) as error:
            raise OutcomeUnsure from error

    async def _asked(self, method: str, namespace: str, name: str, **content: Any) -> Answer:
        async with self.client.request(
            method,
            self._url(namespace, name),
            allow_redirects=False,
            server_hostname=self.access.tls_server_name or None,
            **content,
        ) as response:
            return Answer(response.status, Secret(await _bounded(response)))

    def _url(self, namespace: str, name: str) -> str:
        kind, access = PLEXD_HOOK_GVK, self.access
        host = f"[{access.host}]" if ":" in access.host else access.host
        path = f"/apis/{kind.api_version}/namespaces/{namespace}/{kind.plural}/{name}"
        return f"https://{host}:{access.port}{access.base_path}{path}"


def _require_permitted(host: str, policy: EgressPolicy) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        # A name: its addresses are vetted when it is resolved.
        return
    if not policy.permits(address):
        raise ClusterUnreachable


def _headers(access: ClusterAccess) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": FIELD_MANAGER,
    }
    if access.token is not None:
        headers["Authorization"] = f"Bearer {access.token.reveal()}"
    return headers


async def _bounded(response: ClientResponse) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(READ_OCTETS):
        received += chunk
        if len(received) > MOST_OCTETS:
            raise TooLarge
    return bytes(received)
