"""Hostile names in every report: a browser shows them as text, and so do terminals, code hosts and readers of XML."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from threading import Thread
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

pytest.importorskip("jinja2")

from paramlint.engine.file_report import FileReport
from paramlint.engine.filters.fingerprint import relative
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic, Location
from paramlint.frontends.report.formats import load
from paramlint.frontends.report.html.page import index, page
from paramlint.frontends.report.models.verified import print_document
from paramlint.frontends.report.models.verified_sarif import verified_sarif
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style
from paramlint.source.text import Source
from paramlint.verify.document.schema import Details, Document, Environment, Histogram, Init, Shown
from paramlint.verify.document.schema import Location as Place
from paramlint.verify.process.outcome import Outcome

from .conftest import BAD
from .verify.documents import document, finding, parameter

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

#: Where a payload would be seen to load something: replaced by the address of a server that counts.
HOST = "host.invalid"
RUN = "document.title='taken'"
#: What ends an element, an attribute, a comment or a string, what runs or loads, and what a terminal, a workflow or a
#: template obeys.
PAYLOADS = (
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</textarea></pre></svg><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f'" autofocus onfocus={RUN} tabindex=1 x="',
    f"' onmouseover={RUN} x='",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>">',
    f"<iframe src=javascript:parent.{RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}>",
    f"<!-- --!><script>{RUN}</script>",
    f"<![CDATA[ ]]><script>{RUN}</script>",
    f'<math><mtext><style><!--</style><img title="--&gt;&lt;img src=x onerror={RUN}&gt;">',
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#60;script&#62;{RUN}&#60;/script&#62;",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"<scr\0ipt>{RUN}</script>",
    f"\ufeff<script>{RUN}</script>",
    f"`</code><script>{RUN}</script>`<code>`",
    f"<img src=http://{HOST}/img>",
    f"<link rel=stylesheet href=http://{HOST}/link>",
    f"<base href=http://{HOST}/base/><a ping=http://{HOST}/ping>",
    f"<object data=http://{HOST}/object></object><embed src=http://{HOST}/embed>",
    f"<meta http-equiv=refresh content=0;url=http://{HOST}/refresh>",
    f"<form action=http://{HOST}/form><button autofocus>",
    f"<style>@import url(http://{HOST}/import); body {{ display: none }}</style>",
    f"<p style=background:url(http://{HOST}/style);position:fixed;inset:0>",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "\x1b[2J\x1b]0;taken\x07\x1b]8;;http://x\x1b\\",
    "\x9b31m\x90q\x9c",
    "\u202etxt\u2066\u200b\u2028\u2029\x85",
    "\r::error file=x::y",
    "\n::stop-commands::x\n::set-output name=x::y",
    "%0A::error::x%25,file=y:z",
    "\ud800x\udfff",
    "[bold red]x[/bold red]:smile:[link=http://x]y[/link]",
    '"/><testcase name="x"><failure/></testcase><!--',
    "\\",
)


def letters(number: int) -> str:
    """A word for a number: names that differ in digits only would be folded into one."""
    return "".join(list(product(ascii_lowercase, repeat=2))[number])


def harmless(text: str) -> str:
    """The same with letters for everything that could mean something, but for what separates names and code."""
    return re.sub(r"[^\s.`]", "x", text)


def documents(payloads: tuple[str, ...]) -> list[Document]:
    """Models in which each payload is a parameter, a class, a file, a message and whatever else is shown of a model."""
    names = [f"{letters(i)}{payload.replace('.', '')}" for i, payload in enumerate(payloads)]
    inits = [Init(call=p, arguments={p: p}, filename=p, row=1, within=p) for p in payloads]
    parameters = [
        parameter(f"{name}.w", dtype=p, init=init, law=p, status=p, tied_with=(f"tied.{name}",), aliases=(f"{name}.v",))
        for name, p, init in zip(names, payloads, inits, strict=True)
    ]
    findings = [
        finding(
            f"{name}.w", code=name, name=p, message=p, filename=p, location=Place(1), evidence={p: p, "deep": [{p: p}]}
        )
        for name, p in zip(names, payloads, strict=True)
    ]
    every = " ".join(payloads)
    environment = Environment(
        python=every, torch=every, platform=every, seed=0, has_values=True, source=every, sha256=every
    )
    histogram = Histogram(low=-1, high=1, counts=(1, 2), outside=3, expected=(0.5, 0.5))
    built = document(
        *parameters,
        target=every,
        degraded=payloads,
        findings=tuple(findings),
        shown=tuple(Shown(name=p, statistics={p: 1.0}, values=p, gradient=p) for p in payloads),
        details=Details(
            modules={"": every} | dict(zip(names, payloads, strict=True)),
            histograms={p.name: histogram for p in parameters},
            environment=environment,
        ),
    )
    failed = [
        Document(
            target=p,
            outcome=Outcome(
                status="error", stage="import", message=p, signature=p, filename=p, row=1, traceback=p, output=p
            ),
        )
        for p in payloads
    ]
    return [built, *failed]


def pages(payloads: tuple[str, ...]) -> dict[str, str]:
    """The page of a model, the one of its failure, and the one of all targets."""
    built, *failed = documents(payloads)
    every = " ".join(payloads)
    links = {d.target: f"pages/{i}.html" for i, d in enumerate((built, *failed))}
    broken = Document(target=every, outcome=Outcome(**dict.fromkeys(FAILURE, every), status="error", stage="import"))
    return {
        "model": page(built, every, every),
        "failure": page(broken, every, every, "../index.html"),
        "index": index(every, [built, *failed], links, every, every),
    }


FAILURE = ("message", "signature", "filename", "traceback", "output")
PAGES = ("model", "failure", "index")


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, without any text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment",))


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what it was asked for."""
    paths: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", paths
        server.shutdown()


def browse(text: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What a browser makes of a page, and what it complains about."""
    path = folder / "page.html"
    path.write_text(text)
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    logs = ("--enable-logging=stderr", "--v=0")
    command = [str(CHROMIUM), *flags, *logs, *options, "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def test_there_are_enough() -> None:
    assert len(set(PAYLOADS)) >= 30


@needs_chromium
def test_the_browser_would_show_it_if_something_ran_or_loaded(tmp_path, asked) -> None:
    host, paths = asked
    bare = "".join(payload.replace(HOST, host) for payload in PAYLOADS if f"http://{HOST}/img" in payload)
    seen = browse(f"<title>x</title><body>{bare}<script>{RUN}</script>", tmp_path)
    assert "<title>taken</title>" in seen.stdout
    assert paths == ["/img"]
    paths.clear()


@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_a_browser_sees_the_page_that_harmless_names_give(tmp_path, asked, name) -> None:
    host, paths = asked
    payloads = tuple(payload.replace(HOST, host) for payload in PAYLOADS)
    seen = browse(pages(payloads)[name], tmp_path)
    expected = browse(pages(tuple(map(harmless, payloads)))[name], tmp_path)
    assert Skeleton(seen.stdout).elements == Skeleton(expected.stdout).elements
    assert "<title>taken" not in seen.stdout
    assert "CONSOLE" not in seen.stderr  # what breaks the policy is told there, and so is what fails to load
    assert paths == []


#: Writes the colour of the ground and the worst contrast of all texts into the title.
MEASURE = """
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const ground = (element) => {
  for (; element; element = element.parentElement) {
    const color = channels(getComputedStyle(element).backgroundColor);
    if (color[3] !== 0) return color;
  }
};
const luminance = (color) => color.slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
let worst = [21, ""];
for (const element of document.body.querySelectorAll("*:not(svg *)")) {
  if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
  const found = contrast(luminance(channels(getComputedStyle(element).color)), luminance(ground(element)));
  if (found < worst[0]) worst = [found, element.tagName + "." + element.className];
}
document.title = luminance(ground(document.body)).toFixed(3) + " " + worst[0].toFixed(2) + " " + worst[1];
"""


@needs_chromium
@pytest.mark.parametrize(("scheme", "is_light"), [("0", False), ("1", True)], ids=["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_every_text_can_be_read_on_a_dark_and_on_a_light_screen(tmp_path, name, scheme, is_light) -> None:
    """The contrast is the ratio of WCAG 2, whose level AA asks for 4.5."""
    unbound = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", pages(("net", "`w` is lost"))[name])
    measured = unbound.replace("</body>", f"<script>{MEASURE}</script></body>")
    seen = browse(measured, tmp_path, f"--blink-settings=preferredColorScheme={scheme}")
    title = re.search("<title>([0-9.]+) ([0-9.]+) (.*)</title>", seen.stdout)
    assert title is not None, seen.stderr
    ground, contrast, where = float(title[1]), float(title[2]), title[3]
    assert (ground > 0.5) == is_light
    assert contrast >= 4.5, where


# What is no page.


def checked(payload: str) -> Result:
    """A run that found something in a file of that name, of that code, and has that to say about it."""
    path = f"{payload}.py"
    found = Diagnostic(path, Location(8, 9), Location(8, 12), "PRM401", "some-rule", f"`{payload}` is lost")
    text = BAD.replace("8)]", f"8)]  # {payload}")
    return Result([FileReport(path, [found])], sources={path: Source.from_text(path, text)})


def report(name: str, payload: str) -> str:
    return "\n".join(load(name)(checked(payload), Style()))


def assert_inert(text: str) -> None:
    """Nothing but rows of characters that print as themselves."""
    assert [c for c in text if c != "\n" and not c.isprintable()] == []
    assert text.encode()


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_a_terminal_is_told_nothing(payload) -> None:
    concise = report("concise", payload)
    assert_inert(concise)
    assert concise == f"{plain(payload)}.py:8:9: PRM401 [bug] `{plain(payload)}` is lost"
    assert_inert(report("full", payload))
    stream = io.StringIO()
    for each in documents((payload,)):
        print_document(each, stream)
    assert_inert(stream.getvalue())


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_a_workflow_obeys_one_command(payload) -> None:
    command = report("github", payload)
    assert_inert(command)
    match = re.fullmatch(r"::(\w+) ((?:\w+=[^:,]*,?)+)::(.*)", command)
    assert match is not None
    properties = dict(each.split("=", 1) for each in match[2].split(","))
    assert match[1] == "error"
    assert sorted(properties) == ["col", "endColumn", "endLine", "file", "line", "title"]
    assert unquote(properties["file"]) == plain(relative(f"{payload}.py"))
    assert unquote(match[3]) == f"PRM401 `{plain(payload)}` is lost"


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_readers_of_json_get_the_text_and_nothing_else(payload) -> None:
    message = f"`{payload}` is lost"
    (sarif,) = json.loads(ascii_only(report("sarif", payload)))["runs"]
    (result,) = sarif["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert result["message"]["text"] == message
    assert re.fullmatch(r"[A-Za-z0-9/._~%-]+", place["uri"])
    (found,) = json.loads(ascii_only(report("json", payload)))
    assert (found["message"], Path(found["filename"]).name) == (message, Path(f"{payload}.py").name)
    (found,) = json.loads(ascii_only(report("gitlab", payload)))
    assert found["description"] == f"PRM401 {plain(message)}"
    (line,) = ascii_only(report("json-lines", payload)).splitlines()
    assert json.loads(line)["message"] == message
    (verified,) = json.loads(ascii_only(verified_sarif(documents((payload,))[:1])))["runs"]
    assert verified["results"][0]["message"]["text"] == payload


def ascii_only(text: str) -> str:
    assert text.isascii()
    return text


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_readers_of_xml_get_one_case(payload) -> None:
    text = report("junit", payload)
    assert_inert(text)
    (suite,) = ElementTree.fromstring(text.encode())
    (case,) = suite
    (failure,) = case
    assert suite.attrib["name"] == f"{plain(payload)}.py"
    assert failure.attrib["message"] == f"row 8, column 9: `{plain(payload)}` is lost"
