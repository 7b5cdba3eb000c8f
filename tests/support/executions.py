"""The application behind the surface of executions, in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.node_access import HomedNode
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.executions import problems
from plexsphere.api.v1.executions.wiring import (
    DispatchWish,
    ExecutionView,
    Listed,
    LocalExecutionView,
    ReportView,
    TargetResultView,
    TargetView,
    TriggerView,
)
from plexsphere.platform.ids import mint_id
from tests.support.api import DOMAIN, PROJECT

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
NODE: Final = UUID("0190f3a0-0000-7000-8000-0000000000e1")
EXECUTION: Final = UUID("0190f3a0-0000-7000-8000-0000000000c1")
REPORT: Final = ReportView(
    status="failed",
    exit_code=1,
    stdout="copied\n",
    stderr="disk full\n",
    duration="2.34s",
    finished_at=NOW,
    triggered_by=TriggerView("session", "sess-1", "user-1", "a@example.com"),
)


@dataclass(frozen=True)
class Home:
    """A live node of the Project."""

    id: UUID = NODE
    domain_id: UUID = DOMAIN
    project_id: UUID = PROJECT


class OneNode:
    """Knows one node."""

    async def find(self, node_id: UUID, /) -> Home | None:
        return Home() if node_id == NODE else None


@dataclass
class MemoryExecutions:
    """Keeps what was dispatched; refuses with `refused` whatever it is asked."""

    kept: dict[UUID, ExecutionView] = field(default_factory=dict)
    local: list[LocalExecutionView] = field(default_factory=list)
    report: ReportView | None = None
    note: ReportView | None = None
    refused: Refusal | None = None
    asked: list[str] = field(default_factory=list)
    wishes: list[DispatchWish] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    proofs: list[Permitted] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew."""
        self.refused = self.report = self.note = None
        for each in (self.kept, self.local, self.asked, self.wishes, self.listed, self.proofs):
            each.clear()

    def _ask(self, what: str, permitted: Permitted) -> None:
        self.asked.append(what)
        self.proofs.append(permitted)
        if self.refused is not None:
            raise self.refused

    async def dispatch(self, permitted: Permitted, project_id: UUID, wish: DispatchWish, /) -> ExecutionView:
        self._ask("dispatch", permitted)
        self.wishes.append(wish)
        view = an_execution(
            mint_id(),
            project_id=project_id,
            action=wish.action,
            type=wish.type or "hook",
            waves=wish.waves,
            parameters=wish.parameters,
            targets=(a_target(),),
        )
        self.kept[view.id] = view
        return view

    async def page(
        self, permitted: Permitted, project_id: UUID, listed: Listed, wanted: PageRequest, /
    ) -> Page[ExecutionView]:
        self._ask("page", permitted)
        self.listed.append(listed)
        rows = [row for name, row in sorted(self.kept.items()) if str(name) > wanted.position]
        cut = tuple(replace(row, targets=(), parameters={}) for row in rows[: wanted.limit])
        return Page(cut, str(cut[-1].id) if len(rows) > len(cut) else "")

    async def get(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        self._ask("get", permitted)
        if execution_id not in self.kept or self.kept[execution_id].project_id != project_id:
            raise Refusal(problems.EXECUTION_NOT_FOUND)
        return self.kept[execution_id]

    async def target(
        self, permitted: Permitted, project_id: UUID, execution_id: UUID, node_id: UUID, /
    ) -> TargetResultView:
        view = await self.get(permitted, project_id, execution_id)
        for target in view.targets:
            if target.node_id == node_id:
                return TargetResultView(view.id, target, self.report, self.note)
        raise Refusal(problems.EXECUTION_NOT_FOUND)

    async def cancel(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        view = await self.get(permitted, project_id, execution_id)
        self.kept[view.id] = replace(view, status="cancelled")
        return self.kept[view.id]

    async def local_page(
        self, permitted: Permitted, node: HomedNode, wanted: PageRequest, /
    ) -> Page[LocalExecutionView]:
        self._ask("local_page", permitted)
        rows = [row for row in self.local if row.id > wanted.position]
        cut = tuple(rows[: wanted.limit])
        return Page(cut, cut[-1].id if len(rows) > len(cut) else "")


def an_execution(execution_id: UUID = EXECUTION, **changed: Any) -> ExecutionView:
    view = ExecutionView(
        id=execution_id,
        project_id=PROJECT,
        domain_id=DOMAIN,
        action="hooks/backup",
        type="hook",
        status="pending",
        created_at=NOW,
        updated_at=NOW,
        ended_at=None,
        created_by="user:alice",
        approve_privileged=False,
        size=1,
        waves=None,
    )
    return replace(view, **changed)


def a_target(node_id: UUID = NODE, status: str = "pending", **more: Any) -> TargetView:
    return TargetView(node_id, status, NOW, NOW, 30, **more)
