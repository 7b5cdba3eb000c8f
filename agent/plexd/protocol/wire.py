"""JSON as it travels: encoding, tolerant decoding, masked fields."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import msgspec

from plexd.protocol.errors import Unreadable
from plexd.protocol.masked import Masked

T = TypeVar("T")

AwareInstant = Annotated[datetime, msgspec.Meta(tz=True)]

if TYPE_CHECKING:
    NullIsEmpty = Annotated[T, "JSON null and an absent field read as the empty value"]
else:
    # A decoder has to let the null in; `fill_nulls` then makes the annotation above true.
    NullIsEmpty = T | None


def fill_nulls(message: msgspec.Struct, **empties: object) -> None:
    """Put the given empty value in place of each named field that arrived as null."""
    for name, empty in empties.items():
        if getattr(message, name) is None:
            msgspec.structs.force_setattr(message, name, empty)


def encode(message: object) -> bytes:
    """Return the message as compact JSON, masked texts in clear: for the wire and nothing else."""
    return msgspec.json.encode(message, enc_hook=_reveal)


def encode_lines(messages: Iterable[object]) -> bytes:
    """Return one line of JSON per message, each ended by a line feed."""
    return msgspec.json.Encoder(enc_hook=_reveal).encode_lines(messages)


def decode(octets: bytes | msgspec.Raw, kind: type[T]) -> T:
    """
    Read one JSON text as `kind`; unknown fields are ignored.

    Raises:
        Unreadable: not JSON, not the shape of `kind`, or nested beyond reason.
    """
    try:
        return cast(T, _decoder(kind).decode(octets))  # type: ignore[arg-type]  # mypy: a type is not hashable
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as cause:
        raise Unreadable(f"not a readable {kind.__name__}: {cause}") from cause


@cache
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_mask)


def _mask(kind: type[Any], value: object) -> object:
    if kind is Masked and isinstance(value, str):
        return Masked(value)
    raise msgspec.ValidationError("expected a text")


def _reveal(value: object) -> object:
    if isinstance(value, Masked):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} does not travel")
