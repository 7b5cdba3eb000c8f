"""The operations of the checked-in OpenAPI document, for tests that hold all of them to one rule."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = Path(__file__).parents[2] / "api" / "openapi" / "plexsphere-v1.json"
JSON: Final = "application/json"
NODE: Final = "nodeBearer"
OPERATOR: Final = "operatorBearer"
SOME_ID: Final = "0190f3a0-0000-7000-8000-0000000000f1"


@dataclass(frozen=True)
class Described:
    """One operation as the document tells it; `credential` is empty for the public ones, a body is one of JSON."""

    id: str
    method: str
    template: str
    credential: str
    takes_body: bool

    def path(self, **given: str) -> str:
        """Return its path; what is not given is an id of nothing."""
        return re.sub(r"{(\w+)}", lambda match: given.get(match[1], SOME_ID), self.template)

    @property
    def is_stream(self) -> bool:
        """Tell whether its answer has no end."""
        return self.id == "GetNodeEvents"


def described() -> list[Described]:
    """Return every operation."""
    paths: dict[str, dict[str, Any]] = json.loads(DOCUMENT.read_bytes())["paths"]
    return [
        Described(
            told["operationId"],
            method.upper(),
            template,
            next((scheme for each in told["security"] for scheme in each), ""),
            JSON in told.get("requestBody", {}).get("content", {}),
        )
        for template, operations in paths.items()
        for method, told in operations.items()
    ]


EVERY: Final = described()
OF_NODES: Final = [each for each in EVERY if each.credential == NODE]
OF_OPERATORS: Final = [each for each in EVERY if each.credential == OPERATOR]
WITH_A_BODY: Final = [each for each in EVERY if each.takes_body]


def by_id(each: Described) -> str:
    """Name a test's case."""
    return each.id
