"""Reading a kubeconfig that is ours: the client of tests, and a form of it with everything inline."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from tests.kube_api.certificates import Credential, load

PATIENCE: Final = aiohttp.ClientTimeout(total=30)
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the cluster answered."""

    status: int
    body: Json

    @property
    def causes(self) -> list[Json]:
        """What a refusal says is in the way."""
        return list(self.body.get("details", {}).get("causes", ()))

    @property
    def conflicting_fields(self) -> list[str]:
        """The fields of others that an apply would have taken."""
        return sorted(each["field"] for each in self.causes if each["reason"] == "FieldManagerConflict")


@dataclass(frozen=True)
class Access:
    """A client of the cluster that a kubeconfig's current context names."""

    session: aiohttp.ClientSession = field(repr=False)
    server: str

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        sort: str = "application/json",
    ) -> Reply:
        """Send a request and return the answer, whatever it is; what is no JSON is told as `text`."""
        octets = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": sort}
        url = f"{self.server}{path}"
        async with self.session.request(method, url, data=octets, params=query, headers=headers) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return Reply(answer.status, json.loads(text) if is_json else {"text": text})


@asynccontextmanager
async def access_of(document: Json) -> AsyncIterator[Access]:
    """Lend a client for a kubeconfig with everything inline."""
    cluster, user = _current(document)
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(cadata=_decoded(authority) if authority else None)
    # Clusters are there whose authorities lack what the strict mode of newer Pythons demands.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if "client-certificate-data" in user:
        chain, key = _decoded(user["client-certificate-data"]), _decoded(user["client-key-data"])
        load(context, Credential(chain, key))
    headers = {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=PATIENCE) as session:
        yield Access(session, cluster["server"].rstrip("/"))


def inlined(file: Path) -> bytes:
    """Return a kubeconfig's current context alone, with what it names by files put inline."""
    document = yaml.safe_load(file.read_text())
    cluster, user = (dict(each) for each in _current(document))
    for entry, name, inline in (
        (cluster, "certificate-authority", "certificate-authority-data"),
        (user, "client-certificate", "client-certificate-data"),
        (user, "client-key", "client-key-data"),
    ):
        if name in entry:
            entry[inline] = base64.b64encode((file.parent / entry.pop(name)).read_bytes()).decode()
    if "tokenFile" in user:
        user["token"] = (file.parent / user.pop("tokenFile")).read_text().strip()
    name = document["current-context"]
    alone = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return str(yaml.safe_dump(alone, sort_keys=False)).encode()


def _current(document: Json) -> tuple[Json, Json]:
    context = _named(document["contexts"], document["current-context"])["context"]
    cluster = _named(document["clusters"], context["cluster"])["cluster"]
    return cluster, _named(document["users"], context["user"])["user"]


def _named(entries: list[Json], name: str) -> Json:
    return next(each for each in entries if each["name"] == name)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
