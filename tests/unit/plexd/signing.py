"""A control plane's pen: signs events by the published recipe, independently of the code under test."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def base64_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def json_text(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Pen:
    """Signs with a key made from one byte."""

    seed: int = 1
    private: Ed25519PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([self.seed]) * 32)

    @property
    def public_key(self) -> str:
        return base64_of(self.private.public_key().public_bytes_raw())

    def sign(self, event_type: str, event_id: str, issued_at: str, nonce: str, payload: Any) -> bytes:
        parts = {"event_type": event_type, "event_id": event_id, "issued_at": issued_at, "nonce": nonce}
        head = ",".join(f'"{name}":{json_text(value)}' for name, value in parts.items())
        return self.sign_text("{" + head + ',"payload":' + json_text(payload) + "}")

    def sign_text(self, text: str) -> bytes:
        signature = base64_of(self.private.sign(text.encode()))
        return text[:-1].encode() + f',"signature":"{signature}"}}'.encode()


def frame(data: bytes, frame_id: str) -> bytes:
    return b"id: " + frame_id.encode() + b"\nevent: x\ndata: " + data + b"\n\n"
