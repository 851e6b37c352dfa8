"""Edits of a project, one after the other, with one cache: `python -m tests.heavy.cache_edits --count 300 --seeds 4`.

After each edit a run with the cache has to say what a run without says. Between them other things happen to the cache:
two runs at once, a run that is killed, bytes that flip, a folder that cannot be written, a run by another Python.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from paramlint.engine.cache import version
from paramlint.frontends.cli import main as command

from .cache import damage, make, said, start

_NOBODY = 65_534
_LINES = (
    "self.more = [nn.Linear(8, 8)]",
    "self.scale = nn.Parameter(torch.empty(4))",
    "self.blocks = nn.ModuleList([nn.Linear(8, 8)])",
    "self.weight.data.zero_()",
    "self.inner = Base()",
    "self.blocks[0].weight = self.blocks[1].weight",
    "self.opt = torch.optim.SGD(self.parameters(), 0.1)",
)


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _edited(folder: Path, random: Random, edit: Callable[[list[str]], None]) -> None:
    path = random.choice(_modules(folder))
    rows = path.read_text().split("\n")
    edit(rows)
    path.write_text("\n".join(rows))


def _insert(folder: Path, random: Random) -> None:
    def edit(rows: list[str]) -> None:
        places = [i for i, row in enumerate(rows) if row.startswith("        ")]
        at = random.choice(places) if places else len(rows)
        rows.insert(at + 1, f"        {random.choice(_LINES)}")

    _edited(folder, random, edit)


def _delete(folder: Path, random: Random) -> None:
    _edited(folder, random, lambda rows: rows.pop(random.randrange(len(rows))) and None)


def _repeat(folder: Path, random: Random) -> None:
    def edit(rows: list[str]) -> None:
        at = random.randrange(len(rows))
        rows.insert(at, rows[at])

    _edited(folder, random, edit)


def _break(folder: Path, random: Random) -> None:
    _edited(folder, random, lambda rows: rows.insert(random.randrange(len(rows) + 1), "x = ("))


def _mend(folder: Path, random: Random) -> None:
    for path in _modules(folder):
        path.write_text("\n".join(row for row in path.read_text().split("\n") if row != "x = ("))


def _rename_base(folder: Path, random: Random) -> None:
    old, new = random.choice((("Base", "Root"), ("Root", "Base")))
    for path in random.sample(_modules(folder), 2):
        path.write_text(path.read_text().replace(old, new))


def _base_without_start(folder: Path, random: Random) -> None:
    path = random.choice(_modules(folder))
    path.write_text(path.read_text().replace("super().__init__()", random.choice(("pass", "super().__init__()"))))


def _add(folder: Path, random: Random) -> None:
    source = random.choice(_modules(folder))
    shutil.copy(source, folder / "package" / f"new{random.randrange(5)}.py")


def _remove(folder: Path, random: Random) -> None:
    if len(_modules(folder)) > 5:
        random.choice(_modules(folder)).unlink()


def _move(folder: Path, random: Random) -> None:
    path = random.choice(_modules(folder))
    path.rename(path.with_name(f"moved{random.randrange(5)}.py"))


def _swap(folder: Path, random: Random) -> None:
    one, other = random.sample(_modules(folder), 2)
    texts = one.read_text(), other.read_text()
    one.write_text(texts[1])
    other.write_text(texts[0])


def _as_long_and_as_old(folder: Path, random: Random) -> None:
    """Another text of the same size and time, as some tools write it; it counts once the time differs."""
    path = random.choice(_modules(folder))
    path.write_text(path.read_text().replace("8, 8", "9, 9") if random.random() < 0.5 else path.read_text())
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns + random.randrange(1, 10**9)))


def _touch(folder: Path, random: Random) -> None:
    os.utime(random.choice(_modules(folder)))


def _configure(folder: Path, random: Random) -> None:
    texts = (
        "",
        'select = ["ALL"]\n',
        'ignore = ["PRM401"]\n',
        '[per-file-ignores]\n"net*.py" = ["PRM4"]\n',
        'exclude = ["net1.py"]\n',
        'ties = ["*.weight = *.blocks.0.weight"]\n',
    )
    (folder / "paramlint.toml").write_text(random.choice(texts))


def _ignore(folder: Path, random: Random) -> None:
    (folder / ".gitignore").write_text(random.choice(("", "net2.py\n", "*.py\n!base.py\n")))


def _silence(folder: Path, random: Random) -> None:
    def edit(rows: list[str]) -> None:
        at = random.randrange(len(rows))
        rows[at] = rows[at].partition("  # noqa")[0] + random.choice(("", "  # noqa", "  # noqa: PRM401"))

    _edited(folder, random, edit)


def _package(folder: Path, random: Random) -> None:
    """Files of the package under its name in another place, or no package any more."""
    init = folder / "package" / "__init__.py"
    if init.exists() and random.random() < 0.5:
        init.unlink()
    else:
        init.write_text(random.choice(("", "from .net0 import Net\n", "from .base import *\n")))


EDITS = (
    _insert, _delete, _repeat, _break, _mend, _rename_base, _base_without_start, _add, _remove, _move, _swap,
    _as_long_and_as_old, _touch, _configure, _ignore, _silence, _package,
)  # fmt: skip


def _two_at_once(folder: Path, random: Random) -> None:
    for child in [start(folder, folder.parent / f"output{number}") for number in range(2)]:
        os.waitpid(child, 0)


def _killed(folder: Path, random: Random) -> None:
    child = start(folder, folder.parent / "output")
    time.sleep(random.random() * 0.3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _flipped(folder: Path, random: Random) -> None:
    if any(path.is_file() for path in (folder / ".paramlint_cache").rglob("*")):
        damage(folder, random)


def _read_only(folder: Path, random: Random) -> None:
    """A run that cannot write into the cache, nor beside it; as somebody else where we may write everywhere."""
    places = [folder, *(path for path in (folder / ".paramlint_cache", *(folder / ".paramlint_cache").rglob("*")))]
    places = [path for path in places if path.exists()]
    output = folder.parent / "output"
    output.touch()
    output.chmod(0o666)
    folder.parent.chmod(0o755)
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setuid(_NOBODY)
        os.waitpid(start(folder, output), 0)
        os._exit(0)
    os.waitpid(child, 0)
    assert b"exit code" in output.read_bytes()
    for path in places:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _another_python(folder: Path, random: Random) -> None:
    """A run whose results are those of another Python or paramlint, in the same folder."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    sys.version = f"3.{random.randrange(20, 22)} (another)"
    version.engine.cache_clear()
    os.waitpid(start(folder, folder.parent / "output"), 0)
    os._exit(0)


EVENTS = (_two_at_once, _killed, _flipped, _read_only, _another_python)


def edited(seed: int, count: int, done: Counter[str]) -> list[str]:
    """Edit a project so many times; gives where a run with the cache said something else than one without."""
    wrong = []
    random = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        make(folder)
        for step in range(count):
            edits = random.choices(EDITS, k=random.choice((1, 1, 2, 3)))
            for edit in edits:
                edit(folder, random)
            events = [random.choice(EVENTS)] if random.random() < 0.3 else []
            for event in events:
                event(folder, random)
            done.update(one.__name__ for one in (*edits, *events))
            more = random.choice(((), (), ("--select", "ALL"), ("-j", "1")))
            with_cache, without = said(folder, *more), said(folder, "--no-cache", *more)
            if with_cache != without:
                wrong.append(f"seed {seed}, step {step}: {[one.__name__ for one in (*edits, *events)]}")
            if random.random() < 0.04:
                shutil.rmtree(folder)
                folder.mkdir()
                make(folder)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="edits of a seed")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    command(["check", "--isolated", "--no-cache", "--quiet", __file__])  # load what the forks need
    done: Counter[str] = Counter()
    wrong = [line for seed in range(given.first, given.first + given.seeds) for line in edited(seed, given.count, done)]
    for line in wrong:
        print(line)
    said_of = ", ".join(f"{name.strip('_').replace('_', ' ')} {number}" for name, number in sorted(done.items()))
    print(f"{given.count * given.seeds} steps ({said_of}), {len(wrong)} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
