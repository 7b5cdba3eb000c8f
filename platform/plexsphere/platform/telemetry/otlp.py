"""Traces and metrics by OTLP over HTTP; where to is the business of the `OTEL_` variables."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer

from plexsphere.platform.telemetry.masking import type_name
from plexsphere.platform.telemetry.signals import Gauge

SCOPE: Final = "plexsphere"
SHUT_DOWN_SECONDS: Final = 2.0
UNITS: Final = {Gauge.LOG_LAG: "{row}", Gauge.STREAMS_OPEN: "{stream}"}


class OtlpTelemetry:
    """
    Answers the port `Telemetry`.

    Two threads send in the background; a collector that is away costs no caller anything, and what waits for it is
    bounded by the SDK's queue.
    """

    def __init__(self) -> None:
        resource = _resource()
        self._tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._metering = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._tracer: Tracer = self._tracing.get_tracer(SCOPE)
        self._meter = self._metering.get_meter(SCOPE)
        self._requests = self._meter.create_counter("plexsphere.requests", "{request}")
        self._seconds = self._meter.create_histogram("plexsphere.request.duration", "s")
        self._batches = self._meter.create_histogram("plexsphere.sequencer.batch", "{row}")

    def span(self, name: str, /) -> AbstractContextManager[object]:
        return self._span(name)

    def request_answered(self, operation: str, status: int, seconds: float, /) -> None:
        self._requests.add(1, {"operation": operation, "status": status})
        self._seconds.record(seconds, {"operation": operation})

    def batch_sequenced(self, rows: int, /) -> None:
        self._batches.record(rows)

    def watch(self, gauge: Gauge, read: Callable[[], float], /) -> None:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            yield Observation(read())

        self._meter.create_observable_gauge(gauge.value, [observe], UNITS[gauge])

    def shut_down(self) -> None:
        # The SDK would wait for a dead collector for as long as its time-outs add up to.
        closing = threading.Thread(target=self._close, name="telemetry-shutdown", daemon=True)
        closing.start()
        closing.join(SHUT_DOWN_SECONDS)

    def _close(self) -> None:
        self._tracing.shutdown()
        self._metering.shutdown()

    @contextmanager
    def _span(self, name: str) -> Generator[None]:
        # What the SDK would record of an exception by itself holds its text.
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type_name(type(error)))
                span.set_status(Status(StatusCode.ERROR))
                raise


def _resource() -> Resource:
    # `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` rule over our name; the SDK's own default does not.
    told = Resource.create()
    if str(told.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return told.merge(Resource({SERVICE_NAME: SCOPE}))
    return told
