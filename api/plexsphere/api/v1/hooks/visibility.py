"""Which rows of a page the caller may see: those of Domains that it may read, and no others (H49)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Caller
from plexsphere.api.gate import Gate
from plexsphere.api.v1.hooks.wiring import HookView, Tally
from plexsphere.platform.kernel.subjects import domain_object

LOG: Final = logging.getLogger("plexsphere.hooks")


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows that may be shown, and what became of the page."""

    rows: Sequence[HookView]
    tally: Tally


async def seen_by(gate: Gate, caller: Caller, rows: Sequence[HookView]) -> Seen:
    """
    Return what of the page the caller may see, by one check of all its Domains.

    A denied row is left out silently. One of which it cannot be told, whyever, is left out, warned of and counted.

    Raises:
        Refusal: `rate_limited`.
    """
    readable = await _readable(gate, caller, rows)
    shown = [row for row in rows if readable.get(row.domain_id) is True]
    untold = sum(readable.get(row.domain_id) is None for row in rows)
    if untold:
        LOG.warning("%d discovered hooks are not shown: it cannot be told who may read their Domains", untold)
    return Seen(shown, Tally(len(shown), len(rows), untold))


async def _readable(gate: Gate, caller: Caller, rows: Sequence[HookView]) -> Mapping[UUID, bool | None]:
    domains = list(dict.fromkeys(row.domain_id for row in rows))
    answers = await gate.judged(caller, "read", [domain_object(each) for each in domains])
    return dict(zip(domains, answers, strict=True))
