"""The site of the documentation: every rule has its page, all can be searched, and no link leads nowhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from paramlint.engine.catalogue import CATALOGUE

ROOT = Path(__file__).parent.parent


def build(root, folder):
    command = [sys.executable, root / "scripts" / "build-site", folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def words(page):
    text = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    read = (unescape(re.sub(r"<[^>]+>", between, text)) for between in ("", " "))
    return {word for one in read for word in re.findall(r"\w+", one)}


def test_every_rule_has_a_page_that_is_linked(site):
    index = (site / "rules" / "index.html").read_text(encoding="utf-8")
    for rule in CATALOGUE:
        assert f'<a href="{rule.code}.html">{rule.code}</a>' in index
        page = (site / "rules" / f"{rule.code}.html").read_text(encoding="utf-8")
        assert set(re.findall(r"\w+", rule.documentation)) <= words(page), rule.code


def test_every_page_of_the_documentation_is_there(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}
    start = (site / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{page}.html"' in start for page in pages)


def test_everything_can_be_searched(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"] for entry in index["docs"]}
    assert {f"rules/{rule.code}.html" for rule in CATALOGUE} | {"index.html", "show.html"} <= found


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?([^\" >]+)", text)
        loaded += re.findall(r"<link[^>]* rel=\"?(?:stylesheet|icon|preload)[^>]* href=\"?([^\" >]+)", text)
        assert not [address for address in loaded if re.match(r"(https?:)?//", address)], page


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path):
    for name in ("scripts", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for path in ROOT.glob("*.md"):
        shutil.copy(path, tmp_path)
    with (tmp_path / "docs" / "ci.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](gone.md)\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1 and "gone.md" in done.stderr
