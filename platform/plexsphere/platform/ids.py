"""The source of new ids."""

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def mint_id() -> UUID:
    """Return a new UUIDv7 (design D1)."""
    return uuid7()


def mint_correlation_id() -> str:
    """Return a new UUIDv7 as 32 hexadecimal digits; every request gets one, so it is never made into an object."""
    return uuid_utils.uuid7().hex
