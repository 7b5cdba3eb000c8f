"""What tests of policy begin with: Projects and their Domains, drafts and changes."""

from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.wording import EndWords, PolicyTestWords, RuleWords, Wording
from tests.support.identity import a_user

DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
PROJECT: Final = ProjectId(UUID(int=1))
OTHER_PROJECT: Final = ProjectId(UUID(int=2))
FOREIGN_PROJECT: Final = ProjectId(UUID(int=3))
HOMES: Final = {PROJECT: DOMAIN, OTHER_PROJECT: DOMAIN, FOREIGN_PROJECT: OTHER_DOMAIN}
AUTHOR: Final = a_user(0xA0).reference


def a_rule(action: str = "allow", protocol: str = "any", ports: tuple[int, int] | None = None) -> RuleWords:
    """Return a rule between all addresses."""
    return RuleWords(action, protocol, "0.0.0.0/0", "0.0.0.0/0", ports)


def a_test(
    name: str = "they talk", source: str = "*", destination: str = "*", expect: str = "allow"
) -> PolicyTestWords:
    """Return a test of anything between two selectors."""
    return PolicyTestWords(name, EndWords(source), EndWords(destination), "any", None, expect)


def a_draft(
    *rules: RuleWords,
    slug: str = "web",
    source: str = "*",
    destination: str = "*",
    project: ProjectId = PROJECT,
    confirm: bool = False,
    tests: tuple[PolicyTestWords, ...] = (),
) -> PolicyDraft:
    """Return a draft; without rules it allows everything."""
    return PolicyDraft(
        project_id=project,
        slug=slug,
        display_name=None,
        source_selector=source,
        destination_selector=destination,
        rules=rules or (a_rule(),),
        author=AUTHOR,
        confirm=confirm,
        tests=tests,
    )


def a_change(
    policy_id: PolicyId,
    *rules: RuleWords,
    source: str = "*",
    destination: str = "*",
    project: ProjectId = PROJECT,
    confirm: bool = False,
    tests: tuple[PolicyTestWords, ...] | None = None,
) -> PolicyChange:
    """Return a change; without rules it allows everything, without tests it keeps those that there are."""
    wording = Wording(source, destination, rules or (a_rule(),), tests)
    return PolicyChange(project, policy_id, wording, AUTHOR, confirm=confirm)
