"""The closed problem set of the surface (design D10)."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_BODY: Final = catalogue.INVALID_BODY
INVALID_PUBLIC_KEY: Final = Problem(400, "invalid_public_key", "The public key is no usable Curve25519 key.")
INVALID_HOSTNAME: Final = Problem(400, "invalid_hostname", "The hostname is not one of RFC 1123.")
TOKEN_INVALID: Final = Problem(401, "token_invalid", "The bootstrap token does not admit this machine.")
HOSTNAME_TAKEN: Final = Problem(409, "hostname_taken", "A live node of the Domain has this hostname.")
PUBLIC_KEY_TAKEN: Final = Problem(409, "public_key_taken", "A live node of the Domain has this public key.")
ADDRESS_POOL_EXHAUSTED: Final = Problem(503, "address_pool_exhausted", "The Domain has no free mesh address.")

ALL: Final = (
    INVALID_PUBLIC_KEY,
    INVALID_HOSTNAME,
    TOKEN_INVALID,
    HOSTNAME_TAKEN,
    PUBLIC_KEY_TAKEN,
    catalogue.BODY_TOO_LARGE,
    ADDRESS_POOL_EXHAUSTED,
)
