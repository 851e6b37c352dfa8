"""The defects of released libraries that paramlint found: run again, and written as a page.

    python benchmarks/found.py run [LIBRARY]... [--downloads FOLDER]
    python benchmarks/found.py page [--ran FILE] > docs/found.md

The defects are in `benchmarks/found/*.toml`, one file a kind, with what `check` and `verify` printed and what plain
torch printed. `run` downloads each library in its version, without what it depends on, and unpacks it; then it runs
`check` on the files and the snippets, and compares what they print. One row a defect:

    found      `check` says of the file what it said, at the same place
    verified   `verify` says of the model what it said; `-` where the library is not installed in that version
    shown      the snippets print what they had printed; what the library imports and is not installed is stood in for,
               but for those that take the whole library

The exit code is 1 when something does not hold any more. `page` writes the page, with the rows that `run` wrote.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
DATA = HERE / "found"
#: What a defect is about, by the file that it stands in: its title, in the order of the page.
KINDS = {
    "values": "Values",
    "initialization": "Initialisation",
    "sharing": "Sharing",
    "registration": "Registration",
    "ties": "Ties",
    "freezing": "Freezing",
    "training": "Optimizers and state",
}
LINE = re.compile(r"(?P<file>[^\s:]+):(?P<row>\d+):\d+: (?P<code>PRM\d+) ")
_ERROR = re.compile(r"\w*Error: ")
SECONDS = 600


@dataclass(frozen=True)
class Proof:
    """A snippet of torch and the library and what it printed, or rows of a file that have to be read, as a digest."""

    code: str
    prints: str
    rows: str
    digest: str

    @property
    def command(self) -> str:
        if self.code:
            return f"python - <<'END'\n{self.code}\nEND"
        path, rows = self.rows.split(":")
        return f"sed -n '{rows.replace('-', ',')}p' {path}"

    @property
    def shown(self) -> str:
        """The command and what it printed; the code of others is not repeated."""
        return f"$ {self.command}\n{self.prints}".strip()

    def holds(self, folder: Path, is_installed: bool) -> bool:
        if self.rows:
            path, rows = self.rows.split(":")
            first, last = map(int, rows.split("-"))
            lines = (folder / path).read_text(encoding="utf-8").splitlines()[first - 1 : last]
            return digest("\n".join(lines)) == self.digest
        alone = [sys.executable, str(HERE / "stand_ins.py")]
        ways = [[sys.executable, "-"]] if is_installed else [[*alone, "--bare"], alone]
        return any(not _missing(self.prints, _output(way, folder, self.code)) for way in ways)


def digest(text: str) -> str:
    return sha256(text.strip("\n").encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Defect:
    """One defect, as the data has it."""

    kind: str
    library: str
    version: str
    title: str
    text: str
    where: str
    fix: str
    check: str
    users: str
    options: str
    verify: str
    after: str
    whole: bool
    proofs: tuple[Proof, ...]

    @property
    def codes(self) -> list[str]:
        return list(dict.fromkeys(re.findall(r"PRM\d{3}", f"{self.check}\n{self.verify}")))

    @property
    def files(self) -> list[str]:
        """The files of the findings, and those whose use of them shows these."""
        return list(dict.fromkeys((*(line["file"] for line in LINE.finditer(self.check)), *self.users.split())))

    @property
    def command(self) -> str:
        """The command whose lines `check` are."""
        codes = ",".join(dict.fromkeys(line["code"] for line in LINE.finditer(self.check)))
        options = f"{self.options} " if self.options else ""
        return f"paramlint check --isolated --output-format concise {options}--select {codes} {' '.join(self.files)}"

    @property
    def anchor(self) -> str:
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")


def read(folder: Path = DATA) -> list[Defect]:
    """All defects, by library, and there in the order of the kinds."""
    found = []
    for kind in KINDS:
        path = folder / f"{kind}.toml"
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("defect", []) if path.exists() else []:
            found.append(_defect(kind, entry))
    return sorted(found, key=lambda defect: defect.library.lower())


def _defect(kind: str, entry: dict[str, Any]) -> Defect:
    texts = {
        name: entry.pop(name, "").strip()
        for name in ("text", "where", "fix", "check", "users", "options", "verify", "after")
    }
    proofs = tuple(
        Proof(
            proof.get("code", "").strip("\n"),
            proof.get("prints", "").strip("\n"),
            proof.get("rows", ""),
            proof.get("digest", ""),
        )
        for proof in entry.pop("proof", [])
    )
    return Defect(
        kind,
        entry.pop("library"),
        entry.pop("version"),
        entry.pop("title"),
        **texts,
        whole=entry.pop("whole", False),
        proofs=proofs,
        **entry,
    )


def unpacked(defect: Defect, downloads: Path) -> Path:
    """The folder of the library in its version, downloaded where it is not there yet.

    Raises:
        OSError: it cannot be had.
    """
    folder = downloads / f"{defect.library}-{defect.version}"
    if folder.exists():
        return folder
    archives = downloads / "archives" / folder.name
    archives.mkdir(parents=True, exist_ok=True)
    pip = ["pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(archives)]
    for wheels in (["--only-binary", ":all:"], []):
        done = subprocess.run([*pip, *wheels, f"{defect.library}=={defect.version}"], capture_output=True, text=True)
        if done.returncode == 0:
            break
    archive = next(archives.iterdir(), None)
    if archive is None:
        raise OSError(
            f"{defect.library} {defect.version} cannot be downloaded: {done.stderr.strip().splitlines()[-1:]}"
        )
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as source:
            source.extractall(folder, filter="data")
        (inner,) = folder.iterdir()
        inner.rename(folder.with_suffix(".unpacked"))
        folder.rmdir()
        folder.with_suffix(".unpacked").rename(folder)
    return folder


def checked(defects: Sequence[Defect], folder: Path) -> str:
    """What `check` says of the files of one library in which something was found."""
    files = sorted({file for defect in defects for file in defect.files if (folder / file).exists()})
    codes = ",".join(sorted({code for defect in defects for code in defect.codes}))
    if not files:
        return ""
    options = ["--isolated", "--output-format", "concise", "--ignore-noqa", "--quiet", "--no-cache", "--select", codes]
    return _output([sys.executable, "-m", "paramlint", "check", *options, *files], folder)


def found_again(defect: Defect, printed: str) -> str:
    """Whether `check` still says each of the lines that it said."""
    if not defect.check:
        return "-"
    return "no" if set(_lines(defect.check)) - set(_lines(printed)) else "yes"


def verified_again(defect: Defect) -> str:
    if not defect.verify or not _is_installed(defect):
        return "-"
    command, *lines = defect.verify.splitlines()
    arguments = shlex.split(command.removeprefix("$ "))[1:]
    output = _output([sys.executable, "-m", "paramlint", *arguments], HERE.parent)
    return "no" if _missing("\n".join(lines), output) else "yes"


def shown_again(defect: Defect, folder: Path) -> str:
    """Whether each snippet still prints what it printed."""
    if defect.whole and not _is_installed(defect):
        return "-"
    if not all(proof.holds(folder, is_installed=defect.whole) for proof in defect.proofs):
        return "no"
    return "yes" if defect.proofs else "-"


def _is_installed(defect: Defect) -> bool:
    try:
        return metadata.version(defect.library) == defect.version
    except metadata.PackageNotFoundError:
        return False


def _missing(expected: str, output: str) -> list[str]:
    """The lines that are not printed in that order; an error may say more."""
    printed = iter(_lines(output))
    return [line for line in _lines(expected) if not any(_is_line(line, other) for other in printed)]


def _is_line(line: str, printed: str) -> bool:
    return printed == line or (_ERROR.match(line) is not None and printed.startswith(line))


def _lines(text: str) -> list[str]:
    """The lines of what is printed; `...` stands for more of the same."""
    return [line.rstrip() for line in text.splitlines() if line.strip() != "..."]


def _output(command: Sequence[str], folder: Path, text: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, input=text, capture_output=True, text=True, timeout=SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    return done.stdout + done.stderr


def rerun(defects: Iterable[Defect], downloads: Path) -> Iterator[tuple[str, ...]]:
    """A row a defect, as it is known."""
    for _, group in groupby(defects, key=lambda defect: (defect.library, defect.version)):
        those = list(group)
        try:
            folder = unpacked(those[0], downloads)
        except OSError as error:
            print(f"error: {error}", file=sys.stderr)
            yield from ((defect.library, defect.title, "no", "-", "-") for defect in those)
            continue
        printed = checked(those, folder)
        for defect in those:
            holds = found_again(defect, printed), verified_again(defect), shown_again(defect, folder)
            yield defect.library, defect.title, *holds


def row(cells: Sequence[str]) -> str:
    library, title, *holds = cells
    return f"{library:28} {' '.join(f'{cell:8}' for cell in holds)} {title}"


HEAD = row(("library", "defect", "found", "verified", "shown"))


def page(defects: Sequence[Defect], ran: str) -> str:
    """The page, whole."""
    libraries = defaultdict(list)
    for defect in defects:
        libraries[defect.library].append(defect)
    intro = (DATA / "introduction.md").read_text(encoding="utf-8")
    parts = [intro.format(defects=len(defects), libraries=len(libraries)).strip()]
    parts.append("## By kind\n\n| kind | defects | found by |\n|---|---|---|\n" + "\n".join(_kinds(defects)))
    parts.append(
        "## By library\n\n| library | kind | found by | defect |\n|---|---|---|---|\n" + "\n".join(map(_index, defects))
    )
    for library, those in libraries.items():
        parts.append(f"## {library} {those[0].version}")
        parts.extend(map(_entry, those))
    if ran:
        parts.append(f"## Run again\n\n```console\n$ python benchmarks/found.py run\n{ran.strip()}\n```")
    recipes = DATA / "recipes.md"
    if recipes.exists():
        parts.append(recipes.read_text(encoding="utf-8").strip())
    return "\n\n".join(parts) + "\n"


def _kinds(defects: Sequence[Defect]) -> Iterator[str]:
    for kind, title in KINDS.items():
        those = [defect for defect in defects if defect.kind == kind]
        if those:
            codes = ", ".join(sorted({code for defect in those for code in defect.codes}))
            yield f"| {title} | {len(those)} | {codes} |"


def _index(defect: Defect) -> str:
    title = f"[{defect.title}](#{defect.anchor})"
    return f"| {defect.library} {defect.version} | {KINDS[defect.kind].lower()} | {', '.join(defect.codes)} | {title} |"


def _entry(defect: Defect) -> str:
    parts = [f"### {defect.title}", defect.where or _where(defect), _wrapped(defect.text)]
    if defect.fix:
        parts.append(_wrapped(f"The smallest right fix: {defect.fix}"))
    lines = [f"$ {defect.command}", defect.check] if defect.check else []
    parts.append("\n".join(["```console", *lines, *([defect.verify] if defect.verify else []), "```"]))
    for proof in defect.proofs:
        parts.append(f"```console\n{proof.shown}\n```")
    if defect.after:
        parts.append(_wrapped(defect.after))
    return "\n\n".join(parts)


def _where(defect: Defect) -> str:
    rows = defaultdict(list)
    for line in LINE.finditer(defect.check):
        rows[line["file"]].append(line["row"])
    files = [
        ", ".join([f"`{file}:{first}`", *(f"`{other}`" for other in others)]) for file, (first, *others) in rows.items()
    ]
    return ", ".join(files)


def _wrapped(text: str) -> str:
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(
        textwrap.fill(" ".join(paragraph.split()), 120, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run them again")
    run.add_argument("libraries", nargs="*", metavar="LIBRARY")
    run.add_argument("--downloads", type=Path, default=Path("found-libraries"), help="where libraries are unpacked")
    write = commands.add_parser("page", help="write the page")
    write.add_argument("--ran", type=Path, help="what `run` wrote")
    given = parser.parse_args(argv)
    defects = read()
    if given.command == "page":
        print(page(defects, given.ran.read_text(encoding="utf-8") if given.ran else ""), end="")
        return 0
    chosen = [defect for defect in defects if not given.libraries or defect.library in given.libraries]
    print(HEAD, flush=True)
    bad = 0
    for cells in rerun(chosen, given.downloads.resolve()):
        bad += "no" in cells
        print(row(cells), flush=True)
    print(f"{len(chosen)} defects, {len(chosen) - bad} of them hold as far as they could be run")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
