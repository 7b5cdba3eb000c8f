"""The URLs that lead to an embedded server."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from psycopg import conninfo

from plexsphere.composition.embedded.endpoint import Endpoint
from plexsphere.platform.kernel.secret import Secret

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@given(password=texts, folder=texts, database=texts)
def test_every_password_folder_and_name_survives_the_url(password: str, folder: str, database: str) -> None:
    endpoint = Endpoint(Path("/") / folder, Secret(password))

    parts = conninfo.conninfo_to_dict(endpoint.dsn("plexsphere", database).reveal())

    assert parts == {
        "user": "plexsphere",
        "password": password,
        "dbname": database,
        "host": str(Path("/") / folder),
        "port": "5432",
    }


def test_a_server_that_is_not_there_does_not_answer(tmp_path: Path) -> None:
    assert not Endpoint(tmp_path / "it's \\ not there", Secret("any")).answers()


def test_an_endpoint_shows_no_password() -> None:
    endpoint = Endpoint(Path("/srv"), Secret("opensesame"))

    assert "opensesame" not in f"{endpoint!r} {endpoint.dsn('plexsphere', 'plexsphere')}"
