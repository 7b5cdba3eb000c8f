"""Whatever happens in whatever order, only a digest that was seen first or acknowledged can be dispatched."""

import asyncio
from itertools import count
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from plexsphere.platform.kernel.ids import NodeId, ViolationId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.application.integrity.report_violations import ViolationReport
from plexsphere.policy.domain.errors import IllegalTransition
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.domain.integrity.violation import Detection, Kind, Status
from tests.support.hooks import DOMAIN, NODES, PROJECT, HookScene, a_hook, digest, lent_hooks, node, said

pytestmark = pytest.mark.postgres

HOOK: Final = "backup"
WIDTHS: Final = list(Sandbox)
# What a push leaves behind, as the trail of managed push has it.
PUSH: Final = """
INSERT INTO domain_hook_push (
    domain_id, id, namespace, hook_name, pushed_spec, status, pushed_at, object_uid, kubeconfig_sha256, api_server_url
) VALUES (
    %s, gen_random_uuid(), 'plexd-system', %s,
    jsonb_build_object('name', %s::text, 'imageDigest', %s::text, 'parameters', '{"sealed": ""}'::jsonb),
    'applied', now(), 'uid', repeat('0', 64), 'https://cluster'
)
"""
digests = st.integers(1, 3).map(digest)
pins = st.builds(Pin, digests, st.sampled_from(WIDTHS), st.booleans())


class PinnedHook(RuleBasedStateMachine):
    """One hook of one node: announced, removed, reported, pushed and acknowledged in any order."""

    scene: HookScene
    runner: asyncio.Runner
    numbers: "count[int]"

    def __init__(self) -> None:
        super().__init__()
        self.node_id: NodeId = node(next(self.numbers))
        NODES[self.node_id] = PROJECT
        self.runner.run(self.scene.add_node(self.node_id, PROJECT))
        self.accepted: Pin | None = None
        self.announced: Pin | None = None
        self.suspected: Pin | str | None = None
        self.is_excused = False

    def teardown(self) -> None:
        self.runner.run(self.scene.forget_node(self.node_id))
        del NODES[self.node_id]

    @rule(pin=pins)
    def announce(self, pin: Pin) -> None:
        hook = a_hook(HOOK, pin.checksum, sandbox=str(pin.sandbox), privileged=pin.privileged)
        self.runner.run(self.scene.take(said(self.node_id, hooks=[hook])))
        self.announced, self.is_excused = pin, False
        self.accepted = self.accepted or pin
        if self._is_more_than_accepted(pin):
            self.suspected = self.suspected or pin

    @precondition(lambda self: self.announced)
    @rule()
    def announce_the_same(self) -> None:
        assert self.announced is not None
        self.announce(self.announced)

    @rule()
    def remove(self) -> None:
        self.runner.run(self.scene.take(said(self.node_id, hooks=[])))
        self.announced = None

    @rule(observed=digests)
    def report(self, observed: str) -> None:
        found = ViolationReport(
            Kind.HOOK, f"/etc/plexd/hooks.d/{HOOK}.sh", Detection.PRE_DISPATCH, "", observed
        )
        self.runner.run(self.scene.report(DOMAIN, self.node_id, [found]))
        shown = self.suspected.checksum if isinstance(self.suspected, Pin) else self.suspected
        if observed != shown:
            self.suspected = observed

    @rule(pushed=digests)
    def push(self, pushed: str) -> None:
        self.runner.run(self.scene.rows(PUSH, DOMAIN, HOOK, HOOK, pushed))

    @precondition(lambda self: self.suspected)
    @rule()
    def acknowledge(self) -> None:
        [violation] = self._violations(Status.OPEN)
        self.runner.run(self.scene.acknowledge(violation, "user:1", "meant"))
        was_accepted = self._is_announced_and_accepted()
        match self.suspected:
            case Pin() as seen if not was_accepted:
                self.accepted = seen
            case str() as observed if self.accepted:
                self.accepted = Pin(observed, self.accepted.sandbox, self.accepted.privileged)
                self.is_excused = was_accepted
        is_unaccepted = self.announced is not None and not self._is_announced_and_accepted()
        self.suspected = self.announced if is_unaccepted else None

    @rule()
    def acknowledge_again(self) -> None:
        for violation in self._violations(Status.ACKNOWLEDGED):
            with pytest.raises(IllegalTransition):
                self.runner.run(self.scene.acknowledge(violation, "user:1", "meant"))

    @invariant()
    def only_what_was_accepted_is_dispatched(self) -> None:
        drifted = self.runner.run(self.scene.drifted(self.node_id, HOOK))

        assert drifted == (None if self.announced is None else self.suspected is not None)
        if drifted is False:
            assert self.announced is not None
            assert self._is_announced_and_accepted()

    @invariant()
    def at_most_one_violation_is_open(self) -> None:
        assert len(self._violations(Status.OPEN)) == bool(self.suspected)

    def _is_announced_and_accepted(self) -> bool:
        if self.announced is None:
            return False
        return self.is_excused or not self._is_more_than_accepted(self.announced)

    def _is_more_than_accepted(self, pin: Pin) -> bool:
        # Said anew here, without the domain's own words.
        assert self.accepted is not None
        is_wider = WIDTHS.index(pin.sandbox) < WIDTHS.index(self.accepted.sandbox)
        return pin.checksum != self.accepted.checksum or is_wider or pin.privileged > self.accepted.privileged

    def _violations(self, status: Status) -> list[ViolationId]:
        found = self.runner.run(self.scene.listed(node_id=self.node_id, status=status))
        return [each.id for each in found]


def run_machine(dsn: Secret[str], examples: int) -> None:
    with asyncio.Runner() as runner:
        lent = lent_hooks(dsn)
        PinnedHook.scene, PinnedHook.runner = runner.run(lent.__aenter__()), runner
        PinnedHook.numbers = count(100)
        try:
            run_state_machine_as_test(
                PinnedHook,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=20,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(lent.__aexit__(None, None, None))


def test_a_hook_is_dispatched_only_as_it_was_accepted(hooks_database: Secret[str]) -> None:
    """M15: baseline, drift, acknowledgement and pushes in any order; M16: widening counts as drift."""
    run_machine(hooks_database, examples=12)


@pytest.mark.soak
def test_a_hook_is_dispatched_only_as_it_was_accepted_for_long(hooks_database: Secret[str]) -> None:
    """M15 and M16, over many more orders."""
    run_machine(hooks_database, examples=300)
