"""What is sent back: a status and octets."""

import json
from dataclasses import dataclass
from typing import Final, Self

from tests.kube_api.field_sets import Json

JSON: Final = "application/json"


@dataclass(frozen=True)
class Answer:
    """One answer, before anything happens to it on its way."""

    code: int
    octets: bytes
    content_type: str = JSON
    # Whether the object changed by it.
    has_written: bool = False

    @classmethod
    def of(cls, body: Json, code: int = 200, *, has_written: bool = False) -> Self:
        """Return the answer that is this JSON."""
        return cls(code, json.dumps(body).encode(), has_written=has_written)


# No Status: what answers so need not be a Kubernetes API server at all.
NO_SUCH_PATH: Final = Answer(404, b"404 page not found\n", "text/plain; charset=utf-8")
