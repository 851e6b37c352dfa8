"""The site of the rules: complete, linked, and well-formed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from paramlint.engine.catalogue import CATALOGUE

SCRIPT = Path(__file__).parent.parent / "scripts" / "build-site"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.links.extend(value for name, value in attrs if name == "href")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"wrote {len(CATALOGUE)} rules")
    return folder


def test_every_rule_has_a_page_that_is_linked(site):
    index = Page((site / "index.html").read_text(encoding="utf-8"))
    assert index.links == [f"rules/{rule.code}.html" for rule in CATALOGUE]
    for number, rule in enumerate(CATALOGUE):
        page = Page((site / "rules" / f"{rule.code}.html").read_text(encoding="utf-8"))
        assert all((site / "rules" / link).exists() for link in page.links)
        around = [*CATALOGUE[max(number - 1, 0) : number], *CATALOGUE[number + 1 : number + 2]]
        assert page.links == ["../index.html", *(f"{other.code}.html" for other in around)]
        for word in re.findall(r"\w+", rule.documentation):
            assert word in page.text, (rule.code, word)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.parametrize("words", ["ModuleList", "meta tie", "prm4", "no such words"])
def test_the_search_leaves_the_rules_that_have_all_words(site, words):
    address = f"{(site / 'index.html').as_uri()}#{quote(words)}"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    shown = re.findall(r"<li data-text=\"(prm\d+) [^\"]*\"(?: class=\"off\")?>", done.stdout)
    texts = {rule.code: f"{rule.code} {rule.name} {rule.documentation}".lower() for rule in CATALOGUE}
    found = [code for code, text in texts.items() if all(word in text for word in words.lower().split())]
    assert [code.upper() for code in shown] == found
    assert ('<p id="none" hidden="">' in done.stdout) == bool(found)
