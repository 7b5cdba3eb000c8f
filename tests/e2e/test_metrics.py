"""What a process tells of itself on its metrics port (docs/operations/metrics.md)."""

import re
from pathlib import Path
from typing import Final

import httpx
import pytest

from plexd.protocol.client.transport import Transport
from plexsphere.composition.settings import Address
from plexsphere.platform.kernel.secret import Secret
from tests.e2e.test_boot import DSN, KEY, WRAP
from tests.support.command_line import plexsphere
from tests.support.control_plane import free_port, served
from tests.support.event_reader import EventReader, reading
from tests.support.event_scene import annotate, enrolled, is_asked_to_reconcile
from tests.support.raw_http import call

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

PAGE: Final = Path(__file__).parents[2] / "docs/operations/metrics.md"
ROW: Final = re.compile(r"^\| `(plexsphere_\w+)` \|", re.MULTILINE)
TYPE: Final = re.compile(r"^# TYPE (\w+) (counter|gauge|histogram)$", re.MULTILINE)
SAMPLE: Final = re.compile(r'\w+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+0-9.e]+')
UNITS: Final = tuple(
    "_seconds _bytes _total _rows _frames _open _waiting _connections _in_use _nodes _domains".split()
)
LABEL: Final = re.compile(r'(\w+)="')
LABELS: Final = {"le", "reason", "operation", "status", "owed", "pool", "kind", "fault"}


async def test_the_page_and_the_endpoint_name_the_same_metrics_and_they_count_what_happens(
    database: Secret[str], tmp_path: Path
) -> None:
    metrics = Address("127.0.0.1", free_port())
    url = f"http://127.0.0.1:{metrics.port}/metrics"
    async with (
        served(database, metrics=metrics, artifacts=tmp_path / "artifacts") as place,
        Transport.connected(place.base_url) as transport,
        httpx.AsyncClient() as client,
    ):
        [node] = await enrolled(place, transport, 1)
        reader = EventReader(node)
        async with reading(reader, node.channel(transport)):
            await annotate(place, node, "rack", "7")
            await reader.until(10, "node_state_updated")
            await is_asked_to_reconcile(node, transport)
            told = await client.get(url)
            elsewhere = [await client.get(url + "x"), await client.post(url)]
            apart = await call(place.base_url, "GET", "/metrics")

    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert [answer.status_code for answer in elsewhere] == [404, 404]
    assert apart.status == 404
    names = dict(TYPE.findall(told.text))
    assert set(names) == set(ROW.findall(PAGE.read_text()))
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in names.items())
    assert [name for name in names if not name.endswith(UNITS)] == []
    lines = [line for line in told.text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not SAMPLE.fullmatch(line)] == []
    assert {label for line in lines for label in LABEL.findall(line)} == LABELS
    for name in (node.node_id, place.domain_id, place.project_id, "127.0.0.1"):
        assert name not in told.text
    for expected in (
        "plexsphere_streams_open 1",
        "plexsphere_heartbeats_received_total 1",
        "plexsphere_frame_latency_seconds_count 1",
        'plexsphere_requests_total{operation="PostNodeHeartbeat",status="200"} 1',
        'plexsphere_requests_total{operation="PutNodeMetadata",status="200"} 1',
        'plexsphere_streams_ended_total{reason="too_slow"} 0',
    ):
        assert expected in lines


async def test_an_address_that_is_none_or_in_use_is_refused_by_name(database: Secret[str]) -> None:
    environ = {DSN: database.reveal(), WRAP: KEY, "PLEXSPHERE_LISTEN": f"127.0.0.1:{free_port()}"}
    async with served(database) as place:
        taken = place.base_url.removeprefix("http://")
        for address in (taken, "nowhere"):
            ended = await plexsphere("serve", **environ, PLEXSPHERE_METRICS_LISTEN=address)

            assert ended.status != 0
            assert "PLEXSPHERE_METRICS_LISTEN" in ended.complained
