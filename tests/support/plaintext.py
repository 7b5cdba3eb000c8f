"""The forms in which a word may lie somewhere that it should not."""

import base64
from collections.abc import Iterator
from urllib.parse import quote


def forms(word: str | bytes) -> set[str]:
    """
    Return the word as it is, in hexadecimal, in a URL, and in both base64s at each of three offsets.

    A word of bytes is looked for in what was decoded as latin-1.
    """
    octets = word if isinstance(word, bytes) else word.encode()
    plain = {octets.decode("latin-1"), octets.hex(), octets.hex().upper(), quote(octets)}
    return plain | set(_in_base64(octets))


def _in_base64(octets: bytes) -> Iterator[str]:
    for shift in range(3):
        # The first and the last letter may hold bits of what is around the word.
        first, last = -(-8 * shift // 6), 8 * (shift + len(octets)) // 6
        padded = b"\0" * shift + octets
        yield base64.b64encode(padded).decode()[first:last]
        yield base64.urlsafe_b64encode(padded).decode()[first:last]
