"""The site of the rules: complete, linked, and well-formed."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from paramlint.suite import CATALOGUE

SCRIPT = Path(__file__).parent.parent / "scripts" / "build-site"
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


def test_every_rule_has_a_page_that_is_linked(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"wrote {len(CATALOGUE)} rules")
    index = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert index.links == [f"rules/{rule.code}.html" for rule in CATALOGUE]
    for rule in CATALOGUE:
        page = Page((tmp_path / "rules" / f"{rule.code}.html").read_text(encoding="utf-8"))
        assert all((tmp_path / "rules" / link).exists() for link in page.links)
        for word in re.findall(r"\w+", rule.documentation):
            assert word in page.text, (rule.code, word)
