"""No secret appears where it was not meant to (C21, C19 in part, H45, H46)."""

import asyncio
import base64
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.contract import EVERY, NODE
from tests.support.control_plane import WRAP_KEY, Served, served
from tests.support.machines import REGISTER, Machine, RawNode
from tests.support.raw_http import RawAnswer, bearer, call, connected, request

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

INSIDES: Final = re.compile(
    r'psycopg|Traceback|File "|\.py\b|SELECT |INSERT |UPDATE |DELETE FROM|SQLSTATE'
    r"|/tmp/|/usr/|/root/|/home/|0x[0-9a-f]{6}"
)
EVERY_ROW: Final = """
SELECT row_to_json(t)::text FROM plexsphere.audit_inbox t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.audit_entries t
UNION ALL SELECT encode(canonical_bytes, 'escape') FROM plexsphere.audit_entries
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.event_log t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.bootstrap_tokens t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.node_identities t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.api_tokens t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.nodes t
UNION ALL SELECT row_to_json(t)::text FROM plexsphere.node_drift t
"""
SEVER: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user"
)


@dataclass
class Recorder:
    """Everything that was answered, and which secrets each answer may hold."""

    place: Served
    answers: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def know(self, name: str, text: str) -> str:
        """Look for this text from now on, in everything said before and after."""
        self.secrets[name] = text
        return text

    def heard(self, said: str, answer: RawAnswer, *own: str) -> RawAnswer:
        """Keep an answer that may hold its own secrets, and no other."""
        whole = json.dumps(answer.headers) + answer.body.decode("utf-8", "replace")
        self.answers.append((said, whole, frozenset(own)))
        if answer.status >= 400:
            self.errors.append(answer.body.decode())
        return answer

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        own: tuple[str, ...] = (),
    ) -> RawAnswer:
        """Send a request and keep its answer."""
        answer = await call(self.place.base_url, method, path, body, headers)
        return self.heard(f"{method} {path[:60]} {answer.status}", answer, *own)

    async def as_operator(self, method: str, path: str, body: Any = None, own: tuple[str, ...] = ()) -> Any:
        """Let the operator call."""
        sent = None if body is None else json.dumps(body).encode()
        answer = await self.call(method, path, sent, bearer(self.place.operator.reveal()), own)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def leaks(self) -> Iterator[tuple[str, str]]:
        """Find secrets in answers that are not their own."""
        for said, whole, own in self.answers:
            for name in found_in(whole, self.secrets):
                if name not in own:
                    yield name, said


def found_in(text: str, secrets: Mapping[str, str]) -> Iterator[str]:
    """Find secrets by any spelling of them: whole, quoted, their secret part, in hex and base64 of their bytes."""
    for name, secret in secrets.items():
        octets = secret.encode()
        spellings = {
            secret,
            quote(secret, safe=""),
            secret.split("_", 3)[-1] if secret.startswith("plx_") else secret,
            octets.hex(),
            base64.b64encode(octets).decode().rstrip("=")[:-2],
        }
        if any(spelling in text for spelling in spellings):
            yield name


async def bootstrap_token(recorder: Recorder, name: str, project_id: str) -> str:
    path = f"/v1/projects/{project_id}/bootstrap-tokens"
    issued = await recorder.as_operator("POST", path, {}, (name,))
    return recorder.know(name, issued["token"])


async def enrolled(recorder: Recorder, name: str, project_id: str) -> RawNode:
    """Enrol a machine whose first answer was lost, and know everything it was told both times."""
    token, machine = await bootstrap_token(recorder, f"bootstrap token of {name}", project_id), Machine()
    own = (f"node token of {name}", f"NSK of {name}", f"lost token of {name}", f"lost NSK of {name}")
    lost = await recorder.call("POST", REGISTER, machine.body(token), own=own)
    recorder.know(f"lost token of {name}", lost.json()["node_token"])
    recorder.know(f"lost NSK of {name}", lost.json()["node_secret_key"])
    told = await recorder.call("POST", REGISTER, machine.body(token), own=own)
    node = RawNode.told(recorder.place.base_url, told)
    recorder.know(f"node token of {name}", node.token)
    recorder.know(f"NSK of {name}", node.secret_key)
    return node


async def state(recorder: Recorder, node: RawNode, *pairs: str) -> Any:
    answer = await recorder.call("GET", node.path("state"), None, bearer(node.token), pairs)
    assert answer.status == 200
    return answer.json()


async def every_refusal(recorder: Recorder, nodes: list[RawNode], token: str) -> None:
    """Provoke what can go wrong, with secrets in every place where somebody might put them."""
    secrets = list(recorder.secrets.values())
    for op in EVERY:
        if op.is_stream:
            continue
        for node, secret in zip(nodes, secrets, strict=False):
            credential = node.token if op.credential == NODE else recorder.place.operator.reveal()
            path = op.path(node_id=node.id)
            broken = json.dumps({"token": secret, "hostname": [secret], "name": {"x": secret}}).encode()
            await recorder.call(op.method, path, broken, bearer(secret))
            await recorder.call(op.method, op.path(), broken + b"}", bearer(credential))
            await recorder.call("GET", f"{path}?token={quote(secret)}&limit={quote(secret)}", None, {})
    await recorder.call("POST", REGISTER, Machine("x" * 300).body(token))
    await recorder.call("POST", REGISTER, Machine(nodes[0].id).body(token, public_key=token))
    await recorder.call("POST", REGISTER, json.dumps({token: token}).encode())


async def hear(recorder: Recorder, node: RawNode, *own: str) -> None:
    """Listen to a node's event stream for a moment."""
    async with connected(recorder.place.base_url) as lane:
        await lane.send(request("GET", node.path("events"), None, bearer(node.token)))
        status, headers = await lane.head()
        frames = await lane.for_a_moment(1.5)
    assert status == 200
    recorder.heard("events", RawAnswer(status, headers, frames), *own)


async def rows(dsn: Secret[str], statement: Any) -> list[str]:
    async with await psycopg.AsyncConnection.connect(dsn.reveal(), autocommit=True) as connection:
        return [str(row[0]) for row in await (await connection.execute(statement)).fetchall()]


async def lived_through(recorder: Recorder, dsn: Secret[str]) -> None:
    """Enrol three nodes, two of which see each other; let operators, nodes and strangers call; lose the database."""
    place = recorder.place
    recorder.know("operator's token", place.operator.reveal())
    recorder.know("wrap key", base64.b64encode(WRAP_KEY).decode())
    recorder.know("password of the database", urlsplit(dsn.reveal()).password or "")
    domain = await recorder.as_operator("POST", "/v1/domains", {"name": "Other", "slug": "other"})
    wish = {"domain_id": domain["id"], "name": "Other", "slug": "other"}
    elsewhere = await recorder.as_operator("POST", "/v1/projects", wish)

    one = await enrolled(recorder, "one", place.project_id)
    pair = "pair key of one and two"
    hearing = asyncio.create_task(hear(recorder, one, pair))
    two = await enrolled_beside(recorder, pair)
    far = await enrolled(recorder, "far", elsewhere["id"])
    await hearing
    assert recorder.secrets[pair] == (await state(recorder, one, pair))["peers"][0]["psk"]
    assert (await state(recorder, far))["peers"] == []

    spare = await bootstrap_token(recorder, "bootstrap token nobody used", place.project_id)
    await every_refusal(recorder, [one, two, far], spare)
    await rows(dsn, SEVER)
    await every_refusal(recorder, [one], spare)
    left = await recorder.call("POST", two.path("deregister"), None, bearer(two.token))
    await recorder.call("POST", two.path("heartbeat"), b"{}", bearer(two.token))
    assert left.status == 200


async def enrolled_beside(recorder: Recorder, pair: str) -> RawNode:
    """Enrol a node that sees another from the beginning: its answers hold their pair's key."""
    before = len(recorder.answers)
    node = await enrolled(recorder, "two", recorder.place.project_id)
    recorder.know(pair, node.told_at_first["peers"][0]["psk"])
    for place in range(before, len(recorder.answers)):
        said, whole, own = recorder.answers[place]
        if REGISTER in said:
            recorder.answers[place] = (said, whole, own | {pair})
    await state(recorder, node, pair)
    return node


async def test_no_secret_leaves_but_to_whom_it_belongs(
    database: Secret[str], caplog: pytest.LogCaptureFixture
) -> None:
    """C21, H45, H46, H47: answers, headers, event streams, logs at DEBUG, audit and event rows, other tables."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("hpack").setLevel(logging.INFO)
    async with served(database) as place:
        recorder = Recorder(place)

        await lived_through(recorder, database)

        await asyncio.sleep(0.5)
        kept = "\n".join(await rows(database, EVERY_ROW))
    assert all(recorder.secrets.values())
    assert {record.levelno for record in caplog.records} >= {logging.DEBUG, logging.WARNING}
    assert len(recorder.errors) > 200
    assert list(recorder.leaks()) == []
    assert list(found_in(kept, recorder.secrets)) == []
    assert list(found_in(caplog.text, recorder.secrets)) == []
    assert [body for body in recorder.errors if INSIDES.search(body)] == []
