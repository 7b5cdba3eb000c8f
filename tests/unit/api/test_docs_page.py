"""The readable form of the document, with everything it needs beside it."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from plexsphere.api.v1.meta import page
from tests.support.api import Surface, code_of, router, surface

VENDORED: Final = files(page.PACKAGE).joinpath("page/swagger-ui")
STRANGERS: Final = (
    "index.html",
    "manifest.json",
    "LICENSE",
    "swagger-ui",
    "swagger-ui/swagger-ui.css",
    "swagger-ui-bundle.js.map",
    "PAGE.CSS",
    "page.css ",
    "page.css\0",
    "..",
    "../page.py",
    "../../../app.py",
    "....//page.py",
    "..\\page.py",
    "/etc/hostname",
    "page/page.css",
    "\uff0e\uff0e\uff0fpage.py",
    "x" * 4000,
)


@pytest.fixture(scope="module")
def built() -> Surface:
    return surface()


async def fetched(built: Surface, path: str) -> httpx.Response:
    return await built.call("GET", path, headers={"Authorization": ""})


async def test_the_page_is_served_to_anybody_and_lets_nothing_in_from_elsewhere(built: Surface) -> None:
    answer = await fetched(built, "/v1/docs")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert {policy[each] for each in ("object-src", "base-uri", "form-action", "frame-ancestors")} == {
        "'none'"
    }


async def test_whatever_the_page_names_is_served_by_this_very_server(built: Surface) -> None:
    html = (await fetched(built, "/v1/docs")).text
    named = re.findall(r'(?:src|href)="([^"]*)"', html)

    assert {"/v1/docs/swagger-ui-bundle.js", "/v1/docs/swagger-ui.css", "/v1/docs/page.js"} <= set(named)
    for path in named:
        assert (await fetched(built, path)).status_code == 200, path


async def test_the_page_holds_no_script_or_style_that_its_own_policy_forbids(built: Surface) -> None:
    html = (await fetched(built, "/v1/docs")).text

    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html) == []


@pytest.mark.parametrize("name", page.ASSETS)
async def test_an_asset_is_served_as_what_it_is(built: Surface, name: str) -> None:
    answer = await fetched(built, f"/v1/docs/{name}")

    assert answer.status_code == 200
    assert answer.content == files(page.PACKAGE).joinpath(page.ASSETS[name].file).read_bytes()
    assert answer.headers["content-type"].split(";")[0] == page.ASSETS[name].media_type
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize(
    "written", [lambda name: quote(name, safe=""), lambda name: quote(quote(name, safe=""))]
)
async def test_no_other_name_opens_a_file(built: Surface, name: str, written: Any) -> None:
    """H43: neither a path out of the folder nor a file within it that is not in the table."""
    with opened_files() as opened:
        answer = await fetched(built, f"/v1/docs/{written(name)}")

    assert (answer.status_code, code_of(answer)) == (404, "route_not_found")
    assert opened == []


def test_every_route_but_the_assets_is_an_operation() -> None:
    """C40: what is served without being an operation is these files alone."""
    plain = {
        route.path
        for route in router().routes
        for handler in getattr(route, "route_handlers", ())
        if "operation" not in handler.opt and handler.handler_name != "options_handler"
    }

    assert plain == {"/v1/docs/{asset:str}"}


def test_the_shipped_renderer_is_byte_for_byte_the_recorded_release() -> None:
    recorded = json.loads(VENDORED.joinpath("manifest.json").read_text())
    shipped = {each.name: each for each in VENDORED.iterdir() if each.name != "manifest.json"}

    assert {"name", "version", "license", "source", "integrity"} <= recorded.keys()
    assert recorded["version"] in recorded["source"]
    assert {name: sha256(each.read_bytes()).hexdigest() for name, each in shipped.items()} == recorded[
        "sha256"
    ]
    assert {"LICENSE", "NOTICE"} <= shipped.keys()


WATCHING: list[list[str]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if WATCHING and event == "open":
        WATCHING[-1].append(str(arguments[0]))


sys.addaudithook(_watch)


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """The files that are opened meanwhile."""
    opened: list[str] = []
    WATCHING.append(opened)
    try:
        yield opened
    finally:
        WATCHING.pop()
