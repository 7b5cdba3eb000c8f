"""The audit entry of a deed (managed-push.md, HTTP surface; design D33)."""

from plexsphere.managed_push.domain.intent import Author
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import domain_object


def audited(domain_id: DomainId, author: Author, relation: str, **context: int | str) -> AuditEntry:
    """Return the entry: who did what to the Domain's cluster; the context holds ids alone."""
    return AuditEntry(
        chain=domain_id,
        subject=author.subject,
        relation=relation,
        object=domain_object(domain_id),
        caveat_context=context,
        correlation_id=author.correlation_id,
    )
