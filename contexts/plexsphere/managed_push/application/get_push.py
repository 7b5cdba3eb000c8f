"""Use case: show a recorded push."""

from dataclasses import dataclass

from plexsphere.managed_push.domain.errors import PushNotFound
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.ports.records import Records
from plexsphere.platform.kernel.ids import DomainId, PushId


@dataclass(frozen=True, slots=True)
class GetPush:
    """
    Return the Domain's record of a push.

    Raises:
        PushNotFound: the Domain has none of this id.
    """

    records: Records

    async def __call__(self, domain_id: DomainId, push_id: PushId) -> Record:
        record = await self.records.get(domain_id, push_id)
        if record is None:
            raise PushNotFound(push_id)
        return record
