"""Under which URL nodes reach the deployment: what its environment says, and nothing else."""

import pytest

from plexsphere.composition.settings import Settings, SettingsError

ENVIRON = {"PLEXSPHERE_DSN": "postgresql:///", "PLEXSPHERE_NSK_WRAP_KEY_B64": "A" * 43 + "="}
LONGEST = "/".join(["a" * 64] * 8)


@pytest.mark.parametrize(
    "url",
    [
        "https://plexsphere.example",
        "http://127.0.0.1:8080",
        "https://[2001:db8::1]:8443/base",
        f"https://plexsphere.example/{LONGEST}",
    ],
)
def test_a_url_with_or_without_a_port_and_a_path_is_taken(url: str) -> None:
    settings = Settings.from_environ({**ENVIRON, "PLEXSPHERE_PUBLIC_URL": url})

    assert settings.reached_at == url


def test_a_slash_at_its_end_is_left_out() -> None:
    settings = Settings.from_environ({**ENVIRON, "PLEXSPHERE_PUBLIC_URL": "https://plexsphere.example/base/"})

    assert settings.reached_at == "https://plexsphere.example/base"


@pytest.mark.parametrize(
    "url",
    [
        "plexsphere.example",
        "ftp://plexsphere.example",
        "https://",
        "https://user:secret@plexsphere.example",
        "https://plexsphere.example?q=1",
        "https://plexsphere.example/#f",
        "https://plexsphere.example/a b",
        "https://plexsphere.example//base",
        "https://plexsphere.example\n",
        "https://plexsphère.example",
    ],
)
def test_what_is_no_plain_url_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(SettingsError, match="PLEXSPHERE_PUBLIC_URL is not a URL") as refused:
        Settings.from_environ({**ENVIRON, "PLEXSPHERE_PUBLIC_URL": url})

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("listen", "url"), [("127.0.0.1:8080", "http://127.0.0.1:8080"), ("[::1]:8080", "http://[::1]:8080")]
)
def test_without_one_it_is_where_the_process_listens(listen: str, url: str) -> None:
    assert Settings.from_environ({**ENVIRON, "PLEXSPHERE_LISTEN": listen}).reached_at == url
