"""The acts about actions: a rollout in waves, and a hook that is not what it was."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from itertools import groupby, pairwise
from typing import Final

from demo.control_plane import Document, Operator
from demo.shop import COLLECT, RESTART, Machine, capabilities
from demo.telling import SETTLE_SECONDS, Board, promise, say

WAVES: Final = {"canary": 2, "percent": 25, "max_failures": 0}
LARGEST_WAVE: Final = 3
STATES: Final = ("pending", "ack", "succeeded", "failed", "timeout", "cancelled")
ENDED: Final = frozenset(STATES[2:])
TAMPERED: Final = "sha256:" + "e" * 64
ROLLOUT_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.1


class Rollout:
    """Dispatches actions to the machines that serve the web."""

    def __init__(self, operator: Operator, project: str, machines: list[Machine]) -> None:
        self._operator = operator
        self._executions = f"/v1/projects/{project}/executions"
        self._web = [machine for machine in machines if machine.role == "web"]
        self._names = {machine.node.node_id: machine.node.hostname for machine in self._web}

    async def in_waves(self) -> None:
        """
        Run an action on all of them, a wave after the other, while one of them is away.

        Raises:
            PromiseBroken: with the promise.
        """
        away = self._web[-1]
        await self._lose(away)
        present = len(self._web) - 1
        say(f"An operator dispatches {COLLECT} to role=web: two canaries first, then 25 % a wave:")
        execution = await self._dispatch_twice({"action": COLLECT, "selector": "role=web", "waves": WAVES})
        live = Live(self._names)
        seen = await self._watched(
            live, execution, lambda shown: _all_released(shown) and shown["counts"]["succeeded"] == present
        )
        self._require_waves(seen)
        [waiting] = [each for each in seen["targets"] if each["status"] not in ENDED]
        promise(waiting["node_id"] == away.node.node_id, "a machine was left out that is not away")
        promise(
            not seen["counts"]["failed"] + seen["counts"]["timeout"],
            "the absent machine counted as a failure",
        )
        say(
            f"  {present} machines ran it once each; {away.node.hostname} held up nobody and counts as nothing yet."
        )
        away.node.run()
        await self._watched(live, execution, _has_succeeded)
        self._require_once(COLLECT)
        say(f"  {away.node.hostname} is back, found the action in its state, and ran it, too.")

    async def of_a_drifted_hook(self) -> None:
        """
        Refuse a hook that is not what it was on one machine, until somebody has looked.

        Raises:
            PromiseBroken: with the promise.
        """
        drifted = self._web[2]
        wish = {"action": f"hooks/{RESTART}", "selector": "role=web"}
        say(f"The hook {RESTART} changes on {drifted.node.hostname}, which announces another digest:")
        await drifted.node.channel.announce_capabilities(capabilities(TAMPERED))
        refused = await self._operator.refused(f"{self._executions}/dispatch", wish)
        promise(refused == (409, "hook_integrity_violation"), f"a drifted hook was answered {refused}")
        promise(not any(wish["action"] in machine.work.done for machine in self._web), "a refused hook ran")
        say("  dispatched to role=web it is refused: 409 hook_integrity_violation; it ran nowhere.")
        await self._acknowledge(drifted)
        execution = await self._operator.post(f"{self._executions}/dispatch", wish)
        await self._watched(Live(self._names), execution, _has_succeeded)
        self._require_once(wish["action"])
        say(
            f"  the operator acknowledges what changed; now it runs, once on each of {len(self._web)} machines."
        )

    async def _lose(self, away: Machine) -> None:
        say(f"{away.node.hostname} vanishes without a word:")
        await away.node.stop()
        path = f"/v1/nodes/{away.node.node_id}/reachability"
        deadline = time.monotonic() + SETTLE_SECONDS
        while (await self._operator.get(path))["state"] == "healthy":
            promise(time.monotonic() < deadline, f"{away.node.hostname} is not missed")
            await asyncio.sleep(LOOK_SECONDS)
        say("  three heartbeats missed: it is known to be silent.")

    async def _dispatch_twice(self, wish: Document) -> Document:
        path = f"{self._executions}/dispatch"
        once, again = [await self._operator.post(path, wish, key="collect-1") for _ in range(2)]
        promise(once["id"] == again["id"], "a dispatch that was repeated with its key happened twice")
        say("  asked twice under one Idempotency-Key, it is one execution.")
        return once

    async def _acknowledge(self, drifted: Machine) -> None:
        [violation] = (await self._operator.get("/v1/integrity-violations?status=open"))["items"]
        promise(violation["node_id"] == drifted.node.node_id, "the violation is another machine's")
        say(f"  expected was {violation['expected'][:19]}…, found is {violation['observed'][:19]}…")
        path = f"/v1/integrity-violations/{violation['id']}/acknowledge"
        await self._operator.post(path, {"reason": "The new release of the shop."})

    async def _watched(
        self, live: "Live", execution: Document, is_over: Callable[[Document], bool]
    ) -> Document:
        deadline = time.monotonic() + ROLLOUT_SECONDS
        while True:
            shown = await self._operator.get(f"{self._executions}/{execution['id']}")
            over = is_over(shown)
            live.look(shown, over)
            if over:
                return shown
            promise(
                time.monotonic() < deadline, f"{shown['action']}: not done within {ROLLOUT_SECONDS:.0f} s"
            )
            await asyncio.sleep(LOOK_SECONDS)

    def _require_waves(self, shown: Document) -> None:
        canaries, *others = map(len, waves(shown))
        promise(canaries == WAVES["canary"], f"{canaries} canaries ran, not {WAVES['canary']}")
        promise(max(others) <= LARGEST_WAVE, f"a wave of {max(others)} machines is more than 25 %")
        for former, wave in pairwise(waves(shown)):
            began = _released_at(wave[0])
            promise(
                all(_at(each, "updated_at") <= began for each in former),
                "a wave began before the former ended",
            )

    def _require_once(self, action: str) -> None:
        for machine in self._web:
            times = machine.work.done.count(action)
            promise(times == 1, f"{machine.node.hostname} ran {action} {times} times")


class Live:
    """Shows an execution while it goes on: a line for each state on a terminal, elsewhere one for each wave."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._board = Board()
        self._told = 0

    def look(self, shown: Document, over: bool) -> None:
        """Show how far it is; a wave is told of when the next one was released, or the execution is over."""
        self._board.show([f"  {state:<9} {'#' * shown['counts'][state]}" for state in STATES])
        for wave in range(self._told + 1, shown["wave"] + over):
            self._told = wave
            if not self._board.is_seen and "waves" in shown:
                say(f"  wave {wave}: {self._those_of(shown, wave)}")
        if over:
            self._board.leave()

    def _those_of(self, shown: Document, wave: int) -> str:
        here = waves(shown)[wave - 1]
        return ", ".join(f"{self._names[each['node_id']]} {each['status']}" for each in here)


def waves(shown: Document) -> list[list[Document]]:
    """Return the targets of each wave that was released, in their order."""
    released = sorted((each for each in shown["targets"] if "released_at" in each), key=_released_at)
    return [list(wave) for _, wave in groupby(released, key=_released_at)]


def _released_at(target: Document) -> datetime:
    return _at(target, "released_at")


def _at(target: Document, moment: str) -> datetime:
    return datetime.fromisoformat(target[moment])


def _all_released(shown: Document) -> bool:
    return all("released_at" in each for each in shown["targets"])


def _has_succeeded(shown: Document) -> bool:
    return bool(shown["status"] == "succeeded")
