"""Traces and metrics: silent when nobody asked, and telling of work alone when somebody did."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.straight import ANSWER, EXTENSION, Headers, straight_answer
from plexsphere.composition.telemetry import build_telemetry, metered
from plexsphere.platform.around import around
from plexsphere.platform.db.contention import RETRIES, retried
from plexsphere.platform.kernel.unit_of_work import StoreContended
from plexsphere.platform.telemetry.signals import Gauge, SilentTelemetry
from plexsphere.platform.telemetry.tracing import traced
from tests.support.collector import collecting

CANARY = "c4n4ry"


@dataclass(frozen=True, slots=True)
class Greet:
    """A use case."""

    greeting: str

    async def __call__(self, name: str) -> str:
        if name == CANARY:
            raise LookupError(name)
        return f"{self.greeting} {name}"

    async def politely(self, name: str) -> str:
        return f"Dear {name}"

    def length(self) -> int:
        return len(self.greeting)


@get("/greetings", operation_id="GetGreeting")
async def greeting() -> str:
    return "hello"


async def test_spans_and_metrics_reach_the_collector_without_names_or_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H46: no argument, no path, no query and no text of an error leaves the process."""
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        telemetry = build_telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint})
        greet = traced(telemetry, Greet("Hello"), "greet")
        app = metered(Litestar([greeting], openapi_config=None), telemetry, AnswerCounts(()))
        telemetry.watch(Gauge.STREAMS_OPEN, lambda: 5)

        answers = [await greet("you"), await greet.politely("you"), str(greet.length())]
        with pytest.raises(LookupError):
            await greet(CANARY)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await client.get(f"/greetings?q={CANARY}")
            await client.get(f"/nowhere/{CANARY}")
        telemetry.batch_sequenced(12)
        telemetry.shut_down()

    assert answers == ["Hello you", "Dear you", "5"]
    assert CANARY.encode() not in collector.text
    spans = {
        (span.name, span.status.code, tuple(each.key for each in span.attributes))
        for span in collector.spans()
    }
    assert spans == {("greet", 0, ()), ("greet.politely", 0, ()), ("greet", 2, ("error.type",))}
    metrics = collector.metrics()
    assert metrics["plexsphere.streams.open"].gauge.data_points[0].as_int == 5
    assert metrics["plexsphere.sequencer.batch"].histogram.data_points[0].sum == 12
    answered = {
        tuple(sorted(str(each.value.string_value or each.value.int_value) for each in point.attributes))
        for point in metrics["plexsphere.requests"].sum.data_points
    }
    assert answered == {("200", "GetGreeting"), ("404", "other")}


async def test_an_answer_that_goes_straight_to_its_connection_is_counted_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def heartbeat(scope: Any, _receive: Any, _send: Any) -> None:
        assert straight_answer(scope)(200, (), b"{}")

    async def silent(*_: Any) -> None:
        raise AssertionError("nothing is received or sent")

    written: list[bytes] = []

    def to_connection(_status: int, _headers: Headers, body: bytes) -> bool:
        written.append(body)
        return True

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/nodes/1/heartbeat",
        "extensions": {EXTENSION: {ANSWER: to_connection}},
    }
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        telemetry = build_telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint})
        await metered(heartbeat, telemetry, AnswerCounts(()))(scope, silent, silent)
        telemetry.shut_down()

    assert written == [b"{}"]
    assert collector.metrics()["plexsphere.requests"].sum.data_points[0].as_int == 1


def test_a_collector_that_is_away_holds_nobody_up() -> None:
    telemetry = build_telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    with telemetry.span("work"):
        pass

    telemetry.shut_down()


async def test_without_a_collector_nothing_stands_in_for_anything() -> None:
    telemetry, greet, app = build_telemetry({}), Greet("Hello"), Litestar([])

    assert isinstance(telemetry, SilentTelemetry)
    assert traced(telemetry, greet, "greet") is greet
    assert metered(app, telemetry, AnswerCounts(())) is app
    with telemetry.span("work"):
        telemetry.request_answered("X", 200, 0.1)


def test_the_sdk_is_not_even_imported_without_a_collector() -> None:
    program = (
        "import sys\n"
        "from plexsphere.composition.telemetry import build_telemetry\n"
        "build_telemetry({})\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def test_whoever_had_to_give_way_tries_again_and_not_for_ever() -> None:
    """H40: three retries, then the refusal itself."""
    for failures in range(RETRIES + 2):
        left = failures

        async def work() -> str:
            nonlocal left
            left -= 1
            if left >= 0:
                raise StoreContended
            return "done"

        if failures <= RETRIES:
            assert await retried(work)() == "done"
        else:
            with pytest.raises(StoreContended):
                await retried(work)()


async def test_what_stands_around_a_call_passes_everything_through() -> None:
    seen: list[str] = []

    def note(method: str, call: Any) -> Any:
        async def noted(*given: Any, **named: Any) -> Any:
            seen.append(method)
            return await call(*given, **named)

        return noted

    greet = around(Greet("Hello"), note)

    assert (await greet("you"), await greet.politely(name="you"), greet.greeting) == (
        "Hello you",
        "Dear you",
        "Hello",
    )
    assert seen == ["", "politely"]
    with pytest.raises(AttributeError):
        _ = greet.nowhere  # type: ignore[attr-defined]
