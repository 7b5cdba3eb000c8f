"""Where artifacts lie: in the folder that the environment names, and for a local deployment in its own."""

from pathlib import Path

import pytest

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal
from plexsphere.composition.local import DataFolder
from plexsphere.composition.places import Places
from plexsphere.composition.settings import ARTIFACTS_VAR, Settings
from plexsphere.platform.kernel.secret import Secret

ENVIRON = {"PLEXSPHERE_DSN": "postgresql:///", "PLEXSPHERE_NSK_WRAP_KEY_B64": "A" * 43 + "="}


def test_without_a_folder_artifacts_are_off() -> None:
    assert Settings.from_environ(ENVIRON).artifacts is None
    assert Settings.from_environ({**ENVIRON, ARTIFACTS_VAR: ""}).artifacts is None


def test_a_folder_is_the_same_wherever_the_process_goes() -> None:
    assert Settings.from_environ({**ENVIRON, ARTIFACTS_VAR: "here"}).artifacts == Path.cwd() / "here"
    assert Settings.from_environ({**ENVIRON, ARTIFACTS_VAR: "/srv/a"}).artifacts == Path("/srv/a")


def test_a_local_deployment_has_a_folder_of_its_own_unless_it_is_given_another(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    assert folder.environ({}, Secret("dsn"))[ARTIFACTS_VAR] == str(tmp_path / "artifacts")
    assert folder.environ({ARTIFACTS_VAR: "/srv/a"}, Secret("dsn"))[ARTIFACTS_VAR] == "/srv/a"


def test_so_many_are_let_in_and_who_leaves_makes_room() -> None:
    places = Places(2, "10")

    with places():
        with places():
            with pytest.raises(Refusal) as refused, places():
                pytest.fail("there was no place left")
        with places():
            assert places.taken == 2

    assert refused.value.problem is catalogue.OVERLOADED
    assert refused.value.headers == {"Retry-After": "10"}
    assert places.taken == 0


def test_nobody_takes_the_places_of_all_others() -> None:
    places = Places(3, "10", 2)

    with places("one"), places("one"):
        with pytest.raises(Refusal), places("one"):
            pytest.fail("it had its two already")
        with places("other"), pytest.raises(Refusal), places("third"):
            pytest.fail("there was no place left")

    with places("one"), places("one"):
        assert places.taken == 2
