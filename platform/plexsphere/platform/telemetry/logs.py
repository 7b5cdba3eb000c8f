"""Structured logs on stderr: one JSON object a line, and no secret in any (hardening H45, H46)."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter

from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.telemetry.masking import masked_fields, type_name
from plexsphere.platform.telemetry.tracebacks import told

UNCAUGHT: Final = "plexsphere.uncaught"
# They say something for each connection taken and given back, for each step of a migration, and, in colours, that a
# server begins and ends, which the commands say themselves. The server's warnings are for strangers to cause: one for
# each request that is none.
CHATTY: Final = {
    "psycopg.pool": logging.WARNING,
    "yoyo": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.error": logging.ERROR,
}
OBJECT: Final = re.compile(r"<[^\n]*>")


def configure_logging(level: str = "INFO") -> None:
    """
    Have everything that is logged, warned of or not caught in this process written by our formatter.

    Raises:
        ValueError: no such level.
    """
    handler = SafeHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    root.setLevel(level)
    root.handlers[:] = [handler]
    for name, least in CHATTY.items():
        logging.getLogger(name).setLevel(logging.NOTSET if root.level <= logging.DEBUG else least)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


class SafeFormatter(JsonFormatter):
    """Writes timestamp, level, logger, message, correlation_id, what came as `extra`, and the exception's places."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_without_texts(record))

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.message
        log_data["correlation_id"] = CORRELATION_ID.get()
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        places = log_data.pop("exc_info", None)
        safe = masked_fields(log_data)
        return {**safe, "exception": places} if places else safe

    def formatException(self, ei: Any) -> Any:
        return told(ei[1]) if ei[1] is not None else []


class SafeHandler(logging.StreamHandler[Any]):
    """Says where a record could not be written; the standard library would print what it was given."""

    def handleError(self, record: logging.LogRecord) -> None:
        place = {"level": "ERROR", "logger": record.name, "message": f"not loggable: line {record.lineno}"}
        try:
            self.stream.write(json.dumps(place) + self.terminator)
        except (OSError, ValueError):
            # Nobody reads stderr any more; the process serves on.
            return


def _without_texts(record: logging.LogRecord) -> logging.LogRecord:
    copy = logging.makeLogRecord(record.__dict__)
    if isinstance(record.args, tuple):
        copy.args = tuple(_without_text(each) for each in record.args)
    elif isinstance(record.args, Mapping):
        copy.args = {name: _without_text(each) for name, each in record.args.items()}
    copy.msg = _without_text(record.msg)
    if record.name == "asyncio":
        # asyncio writes out whole tasks and handles, with the text of their exceptions.
        copy.msg, copy.args = OBJECT.sub("<...>", record.getMessage().partition("\n")[0]), ()
    return copy


def _without_text(value: object) -> Any:
    return type_name(type(value)) if isinstance(value, BaseException) else value


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(UNCAUGHT).critical("not caught", exc_info=(kind, error, trace))
