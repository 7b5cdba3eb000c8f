"""Which stored artifact fits which node."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.artifacts.machines import Machine, Machines

# What was withdrawn is not handed out, so nobody is to upgrade to it.
OFFERED: Final = """
SELECT os, arch, sha256 FROM plexd_artifacts AS artifact JOIN plexd_releases AS release USING (version)
WHERE version = %s AND release.support_status <> 'withdrawn'
"""
WITHDRAWN: Final = "SELECT FROM plexd_releases WHERE version = %s AND support_status = 'withdrawn'"


@dataclass(frozen=True, slots=True)
class PostgresUpgradeChecksums:
    """Answers the port `UpgradeChecksums`, asking fleet what the nodes' machines are."""

    database: Database
    machines: Machines

    async def of(
        self, domain_id: DomainId, version: str, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, frozenset[str]]:
        """Read the version's few artifacts first: nobody is asked of machines when there are none."""
        offered = await self._offered(version)
        if not offered:
            return {}
        machines = await self.machines.machines_of(domain_id, nodes)
        every: frozenset[str] = frozenset().union(*offered.values())
        fitting = {node: offered.get(machines[node]) if node in machines else every for node in nodes}
        return {node: checksums for node, checksums in fitting.items() if checksums}

    async def is_withdrawn(self, version: str, /) -> bool:
        """Read by the primary key."""
        return bool(await self._rows(WITHDRAWN, version))

    async def _offered(self, version: str) -> dict[Machine, frozenset[str]]:
        offered: defaultdict[Machine, set[str]] = defaultdict(set)
        for os, arch, digest in await self._rows(OFFERED, version):
            offered[Machine.named(os, arch)].add(f"sha256:{digest}")
        return {machine: frozenset(checksums) for machine, checksums in offered.items()}

    async def _rows(self, statement: str, version: str) -> list[TupleRow]:
        if "\0" in version:
            return []
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, [version])).fetchall()
