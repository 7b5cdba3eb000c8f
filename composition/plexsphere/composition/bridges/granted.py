"""The audit row of a granted mutation (design D33)."""

from plexsphere.api.callers import Permitted
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import Reference


def granted(
    permitted: Permitted, chain: DomainId | None, about: Reference, **context: int | str
) -> AuditEntry:
    """Return the row: who did what to which object; the context never holds what was sent."""
    return AuditEntry(
        chain=chain,
        subject=str(permitted.caller.subject),
        relation=permitted.relation,
        object=about,
        caveat_context=context,
        correlation_id=CORRELATION_ID.get(),
    )
