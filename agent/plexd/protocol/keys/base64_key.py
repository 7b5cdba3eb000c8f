"""Keys travel as standard base64 of 32 bytes."""

import base64
import binascii
from typing import Final

from plexd.protocol.keys.errors import BadKeyError

KEY_LENGTH: Final = 32


def read_key(text: str) -> bytes:
    """
    Return the 32 bytes of a key.

    Raises:
        BadKeyError: anything but padded standard base64 of 32 bytes.
    """
    octets = read_base64(text)
    if len(octets) != KEY_LENGTH:
        raise BadKeyError("a key of the wrong length")
    return octets


def read_base64(text: str) -> bytes:
    """
    Return the bytes behind padded standard base64.

    Raises:
        BadKeyError: another alphabet, missing padding, or stray bits in the last character.
    """
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise BadKeyError("not standard base64") from cause
    # Two texts for one value would let a changed signature text pass as the same signature.
    if print_base64(octets) != text:
        raise BadKeyError("not canonical base64")
    return octets


def print_base64(octets: bytes) -> str:
    """Return padded standard base64."""
    return base64.b64encode(octets).decode("ascii")
