"""Bulk checks, every answer read with suspicion."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from authzed.api.v1 import (
    CheckBulkPermissionsPair,
    CheckBulkPermissionsRequest,
    CheckBulkPermissionsRequestItem,
    CheckPermissionResponse,
    SubjectReference,
)

from plexsphere.identity.adapters.spicedb_client import FULLY_CONSISTENT, SpiceDbClient, object_reference
from plexsphere.platform.kernel.subjects import Reference

MOST_ITEMS: Final = 200

_VERDICTS: Final = {
    CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION: True,
    CheckPermissionResponse.PERMISSIONSHIP_NO_PERMISSION: False,
}

Item = CheckBulkPermissionsRequestItem


def check_item(subject: Reference, name: str, resource: Reference) -> Item:
    """Return the question whether the subject has the permission, or stands in the relation, of that name."""
    return Item(
        resource=object_reference(resource),
        permission=name,
        subject=SubjectReference(object=object_reference(subject)),
    )


async def check_all(client: SpiceDbClient, items: Sequence[Item]) -> list[bool | None]:
    """
    Return one answer an item, in their order; None for an item without an answer that can be trusted.

    Raises:
        AuthzUnavailable: the engine did not answer at all.
    """
    answers: list[bool | None] = []
    for start in range(0, len(items), MOST_ITEMS):
        answers.extend(await _check(client, items[start : start + MOST_ITEMS]))
    return answers


async def _check(client: SpiceDbClient, items: Sequence[Item]) -> list[bool | None]:
    request = CheckBulkPermissionsRequest(consistency=FULLY_CONSISTENT, items=items)
    response = await client.call(lambda stubs: stubs.CheckBulkPermissions, request)
    pairs = list(response.pairs)[: len(items)]
    return [_verdict(item, pair) for item, pair in zip_longest(items, pairs)]


def _verdict(item: Item, pair: CheckBulkPermissionsPair | None) -> bool | None:
    """Believe only a plain yes or no to the very question; a condition, or an error in its place, is neither."""
    if pair is None or pair.request != item:
        return None
    return _VERDICTS.get(pair.item.permissionship)
