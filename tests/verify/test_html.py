"""The report as HTML: what it shows, that nothing in it runs or is loaded, and that no name is more than text."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("jinja2")

from paramlint.frontends.report.html.histogram_svg import HEIGHT, WIDTH, added, picture
from paramlint.frontends.report.html.page import index, page
from paramlint.frontends.report.units import large
from paramlint.verify.document.schema import Document, Histogram, Location
from paramlint.verify.process.outcome import Outcome

from .documents import HOSTILE, details, document, finding, hostile, hostile_failure, parameter

VOID = {"meta", "path", "rect"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "article", "nav", "footer"),
    *("h1", "h2", "h3", "p", "a", "span", "code", "pre", "strong", "em", "ul", "li", "dl", "dt", "dd", "div"),
    *("details", "summary", "figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "rect", "text"),
}


class Read(HTMLParser):
    """A page as a parser sees it: elements with their attributes and text; it fails where they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        self.texts.append(" ")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        self.texts.append(" ")
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_comment(self, data) -> None:
        raise AssertionError(data)

    def handle_data(self, data) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(given: Document, back: str = "") -> Read:
    return Read(page(given, "paramlint report net:Net", "today", back))


PAGES = {
    "page": lambda: page(hostile(), HOSTILE, HOSTILE, "../x.html"),
    "failure": lambda: page(hostile_failure(), HOSTILE, HOSTILE),
    "index": lambda: index(HOSTILE, [hostile(), hostile_failure()], {HOSTILE: "pages/x.html"}, HOSTILE, HOSTILE),
}


@pytest.fixture(params=list(PAGES))
def hostile_page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


def test_hostile_names_are_only_text(hostile_page: str) -> None:
    parsed = Read(hostile_page)
    assert {tag for tag, _ in parsed.elements} <= TAGS
    names = {name for _, attributes in parsed.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "style")]
    assert "<script>document.title='taken'</script>" in parsed.text
    assert "{{ 7 * 7 }}{% raw %}" in parsed.text


def test_what_nobody_would_see_is_shown(hostile_page: str) -> None:
    assert [c for c in hostile_page if c != "\n" and not c.isprintable()] == []
    assert r"\x1b[31m\u202etxt\u200b\x07\x00\ud800" in hostile_page


def test_nothing_is_run_or_loaded(hostile_page: str) -> None:
    parsed = Read(hostile_page)
    (policy,) = (m["content"] for m in parsed.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    style = hostile_page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|https?:", style)


def test_links_lead_somewhere() -> None:
    parsed = read(
        document(parameter("w", tied_with=("v",)), findings=(finding("w"), finding("lost", code="PRM401"))), "../i.html"
    )
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {link["href"] for link in parsed.all("a")}
    assert {"#f1", "#f2", "#sharing", "../i.html"} <= links
    assert {link[1:] for link in links if link and link.startswith("#")} <= set(ids)
    for _, attributes in parsed.elements:
        assert attributes.get("aria-labelledby", ids[0]) in ids


def test_a_badge_leads_to_the_finding_about_its_own_parameter() -> None:
    text = page(document(parameter("a"), parameter("b"), findings=(finding("a"), finding("b"))), "", "")
    table, tree = text.partition("<tbody")[2].partition("</table>")[::2]
    assert re.findall('href="#(f.)"', table) == re.findall('href="#(f.)"', tree) == ["f1", "f2"]


def test_pictures_and_tables_are_told_to_those_who_do_not_see_them() -> None:
    histogram = Histogram(low=-1, high=1, counts=(1, 2), expected=(0.5, 0.5))
    text = page(document(parameter("w"), details=details(w=histogram)), "", "")
    parsed = Read(text)
    assert all({"scope", "role"} <= set(cell) for cell in parsed.all("th"))
    assert all("data-label" in cell for cell in parsed.all("td"))
    assert parsed.all("html") == [{"lang": "en"}]
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        assert "<title>" in drawing or 'aria-hidden="true"' in drawing or "aria-labelledby" in drawing
    assert "values of w, from −1 to 1; the line is the density of normal(std=0.02)" in parsed.text


def test_the_counts() -> None:
    text = read(document(parameter("a"), parameter("b"), findings=(finding("a"), finding("b", verdict=None)))).text
    assert "findings 2 1 confirmed, 1 not confirmed" in text
    assert "parameters 64 elements" in text
    assert "tensors 2 none shared" in text
    assert "memory 256 B" in text
    assert "trainable 100% nothing frozen" in text
    assert "findings 0 nothing found" in read(document(parameter("a"))).text


def test_refuted_findings_alone_are_no_bad_news() -> None:
    assert '<div class="tile good"><dt>findings</dt>' in page(
        document(parameter("a"), findings=(finding("a", verdict="refuted"),)), "", ""
    )


@pytest.mark.parametrize("verdict", ["confirmed", "refuted", "not observed", None])
def test_a_finding(verdict: str | None, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    source.write_text("class Net:\n\n    def f(self):\n        self.w = torch.empty(3)\n")
    place = {"filename": str(source), "location": Location(4)}
    parsed = read(document(findings=(finding("w", verdict=verdict, evidence={"std": 0.5, "of": ["a"]}, **place),)))
    assert f"PRM201 uninitialized-parameter {verdict or 'not confirmed'} w is never written" in parsed.text
    assert f"{source}:4" in parsed.text
    assert "3 def f(self): 4 self.w = torch.empty(3)" in parsed.text
    assert [span for span in parsed.all("span") if span.get("class") == "row here"] == [{"class": "row here"}]
    assert 'Evidence std 0.5 of ["a"]' in parsed.text


def test_the_same_finding_in_repeated_blocks_is_one_card() -> None:
    parsed = read(document(findings=tuple(finding(f"layers.{i}.w") for i in range(5))))
    assert len(parsed.all("article")) == 1
    assert "and 4 more" in parsed.text


def test_a_source_that_is_gone_leaves_its_place() -> None:
    gone = finding("w", filename="/nowhere/net.py", location=Location(3))
    assert "/nowhere/net.py:3" in read(document(findings=(gone,))).text


def test_a_row_of_the_table() -> None:
    blocks = [parameter(f"layers.{i}.w") for i in range(12)]
    row = read(document(*blocks, findings=tuple(finding(f"layers.{i}.w") for i in range(12)))).text
    assert "layers .{0-11} .w ×12 4×8 float32 normal(std=0.02) net.py:12 0.019 0.02 — PRM201" in row


def test_a_failure() -> None:
    outcome = Outcome(
        status="error", stage="construct", message="ValueError: no", traceback="File 1\n  line", output="printed\nlast"
    )
    text = read(Document(target="net:Net", outcome=outcome)).text
    assert "error in stage construct" in text
    assert "ValueError: no" in text
    assert "printed last" in text
    assert "Findings" not in text


def test_the_page_of_a_package() -> None:
    good, bad = document(parameter("a"), target="p:Good"), document(target="p:Bad", findings=(finding("w"),) * 2)
    failed = Document(target="p:No", outcome=Outcome(status="timeout", stage="import", message="not done after 2 s"))
    links = {name: f"pages/{name[2:]}.html" for name in ("p:Good", "p:Bad", "p:No")}
    parsed = Read(index("p", [good, bad, failed], links, "paramlint report p --discover", "today"))
    assert {link["href"] for link in parsed.all("a")} == set(links.values())
    assert "with findings 1 without findings 1 not verified 1" in parsed.text
    assert "PRM201 ×2" in parsed.text
    assert "timeout in import not done after 2 s" in parsed.text


def test_bars_and_line_have_one_scale() -> None:
    drawn = picture(Histogram(low=0, high=1, counts=(0, 3, 1), expected=(0.25, 0.5, 0.25)))
    assert drawn.bars.count("z") == 2
    assert f"M53.6 {HEIGHT}V2h" in drawn.bars
    assert f"M0 {HEIGHT}V24.7H53.3V13.3H106.7V24.7H{WIDTH}V{HEIGHT}" == drawn.line


def test_histograms_of_the_same_bins_are_added() -> None:
    one = Histogram(low=0, high=1, counts=(1, 2), outside=1, expected=(0.5, 0.5))
    other = Histogram(low=0, high=1, counts=(10, 0), expected=(0.5, 0.5))
    assert added([one, other]) == Histogram(low=0, high=1, counts=(11, 2), outside=1, expected=(0.5, 0.5))
    apart = Histogram(low=0, high=2, counts=(5, 5))
    assert added([one, apart]) is one
    assert added([]) is None


def test_the_first_histogram_alone_says_so() -> None:
    blocks = parameter("l.0.w"), parameter("l.1.w")
    apart = {f"l.{i}.w": Histogram(low=0, high=i + 1, counts=(1, 1)) for i in range(2)}
    assert "of the first" in read(document(*blocks, details=details(**apart))).text
    same = dict.fromkeys(apart, Histogram(low=0, high=1, counts=(1, 1)))
    assert "of the first" not in read(document(*blocks, details=details(**same))).text


@pytest.mark.parametrize(
    ("number", "text"), [(999_999, "999,999"), (6_738_415_616, "6.74 billion"), (405 * 10**9, "405 billion")]
)
def test_large_counts(number: int, text: str) -> None:
    assert large(number) == text


def test_a_deep_model_can_be_drawn() -> None:
    name = ".".join(["m"] * 100) + ".w"
    assert len(read(document(parameter(name))).all("details")) == 101


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


def browse(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={path.parent / 'profile'}", *options)
    return subprocess.run(
        [str(CHROMIUM), *flags, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )


@needs_chromium
def test_a_browser_sees_only_text_and_applies_the_style(hostile_page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(hostile_page)
    seen = browse(path, "--enable-logging=stderr", "--v=0")
    assert "CONSOLE" not in seen.stderr  # what breaks the policy is told there, and so is what fails to load
    parsed = Read(seen.stdout)
    assert {tag for tag, _ in parsed.elements} <= TAGS
    assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]
    assert seen.stdout.count("<title>") == hostile_page.count("<title>")
    assert "<title>taken" not in seen.stdout


@needs_chromium
@pytest.mark.parametrize("width", [390, 1400])
def test_a_page_is_not_wider_than_the_window(width: int, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    unbound = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", PAGES["page"]())
    measure = "<script>document.title = innerWidth + ' ' + document.documentElement.scrollWidth</script></body>"
    path.write_text(unbound.replace("</body>", measure))
    title = re.search(r"<title>(\d+) (\d+)</title>", browse(path, f"--window-size={width},900").stdout)
    assert title is not None
    assert int(title[2]) <= int(title[1])
