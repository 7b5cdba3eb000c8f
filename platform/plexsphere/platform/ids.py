"""The source of new ids."""

from uuid import UUID

from uuid_utils.compat import uuid7


def mint_id() -> UUID:
    """Return a new UUIDv7 (design D1)."""
    return uuid7()
