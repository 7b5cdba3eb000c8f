"""Named entries: data that comes down, reports that go up, secrets read one by one (plexd.md, Local Node API)."""

from typing import Any

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A data or report entry; `payload` is any JSON value and means nothing to the agent."""

    key: str
    content_type: str = ""
    payload: Any = None
    version: int = 0
    updated_at: str | None = None


class SecretRef(msgspec.Struct, frozen=True, gc=False):
    """The name and version of a secret; never its value."""

    key: str
    version: int = 0


class SealedSecret(msgspec.Struct, frozen=True):
    """A secret value under the node secret key: base64 of AES-256-GCM output and of its 12-byte nonce."""

    key: str
    ciphertext: str
    nonce: str
    version: int = 0


class ReportSync(msgspec.Struct, frozen=True):
    """Report entries changed and deleted since the last sync."""

    entries: tuple[Entry, ...] = ()
    deleted: tuple[str, ...] = ()
