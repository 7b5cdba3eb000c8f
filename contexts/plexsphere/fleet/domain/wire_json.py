"""JSON as signed on the event stream: ASCII, no white space, no character that HTML minds (design D21)."""

import json
from typing import Any


def wire_json(value: Any) -> str:
    """Return the value's text."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
