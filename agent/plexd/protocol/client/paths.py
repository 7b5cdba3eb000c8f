"""Paths with ids in them."""

from urllib.parse import quote


def path(*segments: str) -> str:
    """
    Return the path made of these segments, each escaped.

    Raises:
        ValueError: a segment that a server could take for none, or for a step up.
    """
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError("not a path segment")
    return "".join("/" + quote(segment, safe="") for segment in segments)
