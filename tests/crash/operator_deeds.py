"""What operators do to tenants, policies, robots and grants."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.crash.hands import Deed, Hands
from tests.crash.journal import ABSENT, Outcome
from tests.crash.node_deeds import ROLES, TheDead
from tests.crash.town import outcome_of
from tests.support.raw_http import RawAnswer
from tests.support.robots import TUPLES

MOST_OF_A_KIND: Final = 8
MOST_ON_A_PAGE: Final = 200
ANYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True)
class Robot:
    """A service identity and a token of it that is good."""

    principal_id: str
    token_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Shelf:
    """Things of one kind that were made and may be dropped; `path` leads to one of them by its id."""

    kind: str
    path: str
    things: list[tuple[str, str]] = field(default_factory=list)


class OperatorDeeds:
    """Makes things up to a certain number of each kind, and drops them again."""

    def __init__(self, hands: Hands, dead: TheDead) -> None:
        self._hands: Final = hands
        self._journal: Final = hands.journal
        self._dead: Final = dead
        self._robots: Final[list[Robot]] = []
        self._ungranted: Final[list[Robot]] = []
        self._policies: Final = Shelf("policy", f"{hands.project}/policies/{{}}?confirm=true")
        self._grants: Final = Shelf("relation", f"{TUPLES}/{{}}")
        self._domains: Final = Shelf("domain", "/v1/domains/{}")
        self._projects: Final = Shelf("project", "/v1/projects/{}")

    def choices(self) -> list[tuple[int, Deed]]:
        """Return what may be done now, each with its weight."""
        return [
            (3, self._made_or_dropped(self._policies, self._add_policy)),
            (4, self._make_robot if len(self._robots) < MOST_OF_A_KIND else self._revoke_robot),
            (3, self._made_or_dropped(self._grants, self._grant)),
            (2, self._made_or_dropped(self._domains, self._make_domain)),
            (2, self._made_or_dropped(self._projects, self._make_project)),
            (3, self._dead.try_one),
        ]

    async def find_again(self) -> None:
        """Take up every policy that is there, those too whose making was never answered; to be called at rest."""
        answer = await self._hands.ask("GET", f"{self._hands.project}/policies?limit={MOST_ON_A_PAGE}")
        if answer is not None:
            self._policies.things[:] = [(each["slug"], each["id"]) for each in answer.json()["items"]]

    def _made_or_dropped(self, shelf: Shelf, make: Callable[[], Awaitable[None]]) -> Deed:
        return make if len(shelf.things) < MOST_OF_A_KIND else lambda: self._drop(shelf)

    async def _add_policy(self) -> None:
        slug = self._hands.name("p")
        action = self._hands.chance.choice(("allow", "allow", "deny"))
        rule = {
            "action": action,
            "protocol": "any",
            "source_cidr": ANYWHERE,
            "destination_cidr": ANYWHERE,
        }
        source, destination = (f"role={role}" for role in self._hands.chance.choices(ROLES, k=2))
        selector = {"source": source, "destination": destination}
        body = {"slug": slug, "selector": selector, "rules": [rule], "confirm": True}
        self._keep(
            self._policies, slug, await self._hands.ask("POST", f"{self._hands.project}/policies", body)
        )

    async def _make_robot(self) -> None:
        name = self._hands.name("robot")
        identity = {
            "display_name": name,
            "subject": name,
            "audience": "plexsphere",
            "federation_kind": "api_token",
        }
        path = f"/v1/domains/{self._hands.domain_id}/service-identities"
        made = await self._hands.ask("POST", path, identity)
        self._journal.note("robot", name, "there", outcome_of(made))
        if made is not None:
            await self._give_token(str(made.json()["id"]))

    async def _give_token(self, principal_id: str) -> None:
        terms = {"identity_ref": f"service:{principal_id}", "env_prefix": "dev"}
        answer = await self._hands.ask("POST", "/v1/admin/tokens", terms)
        if answer is not None:
            told = answer.json()
            self._journal.note("api token", told["id"], "good", Outcome.DONE)
            robot = Robot(principal_id, told["id"], told["plaintext"])
            self._robots.append(robot)
            self._ungranted.append(robot)

    async def _revoke_robot(self) -> None:
        robot = self._hands.taken(self._robots)
        if robot is None:
            return
        await self._hands.ask("GET", "/v1/auth/whoami", token=robot.token)
        answer = await self._hands.ask("DELETE", f"/v1/admin/tokens/{robot.token_id}")
        self._journal.note("api token", robot.token_id, "revoked", outcome_of(answer))
        if answer is not None:
            self._dead.bury(robot.token, "/v1/auth/whoami")

    async def _grant(self) -> None:
        robot = self._hands.taken(self._ungranted)
        if robot is None:
            return
        body = {
            "subject": f"service-identity:{robot.principal_id}",
            "relation": "member",
            "resource": f"project:{self._hands.project_id}",
        }
        answer = await self._hands.ask("POST", f"{TUPLES}?project_id={self._hands.project_id}", body)
        self._keep(self._grants, f"{robot.principal_id} on {self._hands.project_id}", answer)

    async def _make_domain(self) -> None:
        slug = self._hands.name("d")
        self._keep(
            self._domains, slug, await self._hands.ask("POST", "/v1/domains", {"name": slug, "slug": slug})
        )

    async def _make_project(self) -> None:
        slug = self._hands.name("s")
        wish = {"domain_id": self._hands.domain_id, "name": slug, "slug": slug}
        self._keep(self._projects, slug, await self._hands.ask("POST", "/v1/projects", wish))

    def _keep(self, shelf: Shelf, key: str, answer: RawAnswer | None) -> None:
        self._journal.note(shelf.kind, key, "there", outcome_of(answer))
        if answer is not None:
            shelf.things.append((key, str(answer.json()["id"])))

    async def _drop(self, shelf: Shelf) -> None:
        taken = self._hands.taken(shelf.things)
        if taken is not None:
            key, row_id = taken
            answer = await self._hands.ask("DELETE", shelf.path.format(row_id))
            self._journal.note(shelf.kind, key, ABSENT, outcome_of(answer))
