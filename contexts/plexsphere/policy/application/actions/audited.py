"""The audit entry of what happened to an execution (design D33)."""

from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, ProjectId
from plexsphere.platform.kernel.subjects import Reference, project_object


def audited(
    domain_id: DomainId,
    project_id: ProjectId,
    execution_id: ExecutionId,
    subject: Reference,
    relation: str,
    correlation_id: str | None = None,
    **context: int | str,
) -> AuditEntry:
    """Return the entry: who did what to which execution; the context holds ids, names and fixed words alone."""
    return AuditEntry(
        chain=domain_id,
        subject=str(subject),
        relation=relation,
        object=project_object(project_id),
        caveat_context={"execution": str(execution_id), **context},
        correlation_id=correlation_id or "",
    )
