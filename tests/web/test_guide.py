"""The example of docs/pages.md runs, and the package that it imports from costs nothing to import."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from fastapi import FastAPI

import ops_dashboard
from demo.environment import REPOSITORY
from ops_dashboard.web import components
from ops_dashboard.web.app import create_app
from tests.web.sample import ADS, Verdict, make_host
from tests.web.server import serve

GUIDE = REPOSITORY / "docs" / "pages.md"
README = REPOSITORY / "README.md"


@contextmanager
def served_example(document: Path) -> Iterator[httpx.Client]:
    """Serve the pages of a document's first Python block, for somebody who may do everything."""
    found = re.search(r"```python\n(.*?)```", document.read_text(), re.DOTALL)
    assert found
    module = ModuleType("example")
    exec(compile(found[1], str(document), "exec"), module.__dict__)
    host = replace(make_host(), authorise=lambda _request, actions: {action: Verdict(True, "") for action in actions})
    outer = FastAPI()
    outer.mount("/ops", create_app([module.router], host))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        yield client


def test_the_two_pages_of_the_readme_work() -> None:
    with served_example(README) as client:
        page = client.get("/ops/hello").text
        assert ADS in page
        assert '<a href="/ops/hello"' in page, "the navigation shows it"
        assert "Robin" in client.get("/ops/hello/Robin").text


def test_the_example_of_the_guide_works() -> None:
    with served_example(GUIDE) as client:
        assert '<a href="/ops/reports/monday">monday</a>' in client.get("/ops/reports").text
        assert "monday" not in client.get("/ops/reports?state=late").text
        assert "No report fits the filter." in client.get("/ops/reports?q=sunday").text
        assert "There is no report of sunday." in client.get("/ops/reports/sunday").text
        page = client.get("/ops/reports/monday").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        form, headers = {"csrf_token": token[1]}, {"Sec-Fetch-Site": "same-origin"}
        refused = client.post("/ops/reports/monday", data={**form, "remark": " "}, headers=headers)
        assert (refused.status_code, "say in a few words" in refused.text) == (422, True)
        filed = client.post("/ops/reports/monday", data={**form, "remark": "fine"}, headers=headers)
        assert filed.headers["location"] == "/ops/reports?q=monday"


def test_the_guide_names_every_component() -> None:
    told = set(re.findall(r"[A-Z]\w+", GUIDE.read_text()))
    parts = {"Component", "Node", "Chip", "Step", "StepState"}
    assert set(components.__all__) - parts - told == set()


@pytest.mark.parametrize("name", ops_dashboard.__all__)
def test_every_name_of_the_package_is_there(name: str) -> None:
    assert getattr(ops_dashboard, name, None)


def test_every_component_is_a_name_of_the_package() -> None:
    assert set(components.__all__) <= set(ops_dashboard.__all__)


def test_an_unknown_name_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="module 'ops_dashboard' has no attribute 'Pgae'"):
        ops_dashboard.Pgae  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_loads_no_web_framework() -> None:
    code = (
        "import sys, ops_dashboard; print([name for name in sys.modules if name in {'starlette', 'fastapi', 'jinja2'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
