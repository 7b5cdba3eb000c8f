"""Answers that carry a token's text: never cached, and with the Sunset of what they replace (RFC 8594)."""

from email.utils import format_datetime
from typing import Final

from litestar import Response

from plexsphere.api.v1.api_tokens.schemas import CreatedApiToken, RotatedApiToken
from plexsphere.api.v1.api_tokens.wiring import MintedToken, SuccessorToken

NO_STORE: Final = {"Cache-Control": "no-store"}


def created(minted: MintedToken) -> Response[CreatedApiToken]:
    """Answer with a new token."""
    return Response(CreatedApiToken.of(minted), headers=NO_STORE)


def rotated(successor: SuccessorToken) -> Response[RotatedApiToken]:
    """Answer with the token that takes over."""
    sunset = format_datetime(successor.rotation_deadline, usegmt=True)
    return Response(RotatedApiToken.of(successor), headers={**NO_STORE, "Sunset": sunset})
