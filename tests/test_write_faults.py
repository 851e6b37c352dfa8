"""Whatever goes wrong while a file is written, it is the old one or the new one afterwards, and the run says which.

The faults are real ones where the system lets a test make them: small disks, limits, another user, attributes.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paramlint.frontends.cli import main
from paramlint.source.rewrite import Rewrite, write
from paramlint.source.text import Source

from .conftest import BAD, GOOD

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="made with what Linux has")

FIX = ("check", "--isolated", "--no-cache", "--fix", "--unsafe-fixes", "--output-format", "concise")
#: Nobody's number, who owns nothing.
NOBODY = 65534
PAGE = 4096
#: Rows of comment by which a file fills some pages.
PADDING = "# the same row again and again\n" * (3 * PAGE // 31)
is_root = os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="only root can do that to a file")


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".paramlint-*")]


def assert_old(path: Path, output: str, why: str, old: str = BAD) -> None:
    """The file is as it was, its finding is reported, and so is why it could not be fixed."""
    assert path.read_text() == old
    assert f"{path.name}:1:1: PRM006 [error] fixes could not be written: {why}\n" in output
    assert f"{path.name}:8:9: PRM401 [bug] " in output
    assert left_over(path.parent) == []


def fix(folder: Path, *names: str, before: Callable[[], object] = lambda: None) -> str:
    """What a run says that is a process of its own, and could not write a file."""
    done = subprocess.run(
        [sys.executable, "-m", "paramlint", *FIX, *names], cwd=folder, capture_output=True, text=True, preexec_fn=before
    )
    assert done.returncode == 2, done.stderr
    return done.stdout


# Full disks.


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a disk of its own with some options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "paramlint", str(folder)]
        if not is_root or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        return folder

    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def fill(folder: Path, left: int = 0) -> None:
    """Leave so many pages free."""
    with open(folder / "ballast", "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(PAGE))
        except OSError:
            stream.truncate(stream.tell() - left * PAGE)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_disk_without_room_for_the_new_file(disk, left):
    folder = disk("size=64k")
    path = folder / "bad.py"
    path.write_text(BAD + PADDING)
    fill(folder, left)
    assert_old(path, fix(folder), "No space left on device", BAD + PADDING)


def test_a_disk_without_room_for_a_file_with_two_names_to_grow(disk):
    folder = disk("size=64k")
    path = folder / "bad.py"
    old = (BAD + PADDING).ljust(4 * PAGE, "\n")[: 4 * PAGE]  # so that the fixed one needs a page more
    path.write_text(old)
    os.link(path, folder / "other.txt")
    fill(folder, left=5)  # enough for the temporary file
    assert_old(path, fix(folder), "No space left on device", old)
    assert path.samefile(folder / "other.txt")


def test_a_disk_without_room_for_a_name(disk):
    folder = disk("size=64k,nr_inodes=3")
    path = folder / "bad.py"
    path.write_text(BAD)
    (folder / "ballast").touch()
    assert_old(path, fix(folder), "No space left on device")


def test_a_disk_with_room_for_the_small_file_only(disk):
    folder = disk("size=64k")
    (folder / "a.py").write_text(BAD + PADDING)
    (folder / "b.py").write_text(BAD)
    fill(folder, left=1)
    output = fix(folder)
    assert_old(folder / "a.py", output, "No space left on device", BAD + PADDING)
    assert (folder / "b.py").read_text() == GOOD
    assert "b.py" not in output


def test_a_disk_that_is_read_only(disk):
    folder = disk("size=64k")
    path = folder / "bad.py"
    path.write_text(BAD)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert_old(path, fix(folder), "it is read-only")


@needs_root
def test_a_file_that_is_a_disk_of_its_own(bad):
    """Containers are given single files so; nothing can be moved over one."""
    if subprocess.run(["mount", "--bind", str(bad), str(bad)], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        assert_old(bad, fix(bad.parent), "Device or resource busy")
    finally:
        subprocess.run(["umount", "--lazy", str(bad)], check=True)


# Limits.


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("limit", [0, 1, len(BAD), len(GOOD) - 1])
def test_a_limit_on_the_size_of_files(bad, limit, linked):
    if linked:
        os.link(bad, bad.parent / "other.txt")
    output = fix(bad.parent, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert_old(bad, output, "File too large")


# Permissions, which do not bind root.


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder with one bad file that belongs to nobody, where nobody can reach it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "bad.py").write_text(BAD)
    for path in (folder, folder / "bad.py"):
        os.chown(path, NOBODY, NOBODY)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def fix_as_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What a run of nobody says, who could not write a file."""
    main([*FIX, "--diff", str(folder)])  # loads what nobody may not be able to read
    capsys.readouterr()
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, 0)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        assert main([*FIX, str(folder)]) == 2
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)
    return capsys.readouterr().out


@needs_root
def test_a_file_that_its_owner_must_not_write(shared, capsys):
    (shared / "bad.py").chmod(0o444)
    assert_old(shared / "bad.py", fix_as_nobody(shared, capsys), "it is read-only")
    assert (shared / "bad.py").stat().st_mode & 0o777 == 0o444


@needs_root
@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_that_takes_no_file(shared, capsys, linked):
    if linked:
        os.link(shared / "bad.py", shared / "other.txt")
    shared.chmod(0o555)
    assert_old(shared / "bad.py", fix_as_nobody(shared, capsys), "Permission denied")


@needs_root
def test_a_file_of_another_user(shared, capsys):
    os.chown(shared / "bad.py", 0, 0)
    assert_old(shared / "bad.py", fix_as_nobody(shared, capsys), "it is read-only")


@needs_root
@pytest.mark.parametrize(("owner", "group"), [(0, NOBODY), (NOBODY, 0), (1, 1)])
def test_owner_and_group_stay(bad, owner, group):
    os.chown(bad, owner, group)
    number = bad.stat().st_ino
    assert main(FIX) == 0
    assert bad.read_text() == GOOD
    assert (bad.stat().st_uid, bad.stat().st_gid, bad.stat().st_ino) == (owner, group, number)
    assert left_over(bad.parent) == []


@needs_root
@pytest.mark.parametrize("attribute", ["i", "a"])
@pytest.mark.parametrize("where", ["bad.py", "."])
def test_what_cannot_be_changed_even_by_root(bad, attribute, where):
    if subprocess.run(["chattr", f"+{attribute}", where], cwd=bad.parent, capture_output=True, check=False).returncode:
        pytest.skip("no such attributes here")
    try:
        output = fix(bad.parent)
    finally:
        subprocess.run(["chattr", f"-{attribute}", where], cwd=bad.parent, check=True)
    for left in bad.parent.glob(".paramlint-*"):
        assert (attribute, where) == ("a", ".")  # what takes files and gives none back
        left.unlink()
    assert_old(bad, output, "it is read-only" if (attribute, where) == ("i", "bad.py") else "Operation not permitted")


# What happens between the check and the writing.


def vanish(path: Path) -> None:
    path.unlink()


def change(path: Path) -> None:
    path.write_text("mine = 1\n")


def append(path: Path) -> None:
    path.write_text(BAD + "\n")


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def lead_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def move_away_with_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


MEANWHILE = {
    vanish: "No such file or directory",
    change: "it changed while",
    append: "it changed while",
    become_a_folder: "it is no regular file",
    become_a_pipe: "it is no regular file",
    dangle: "No such file or directory",
    lead_to_itself: "Too many levels of symbolic links",
    move_away_with_the_folder: "No such file or directory",
}


@pytest.fixture
def rewrite(tmp_path: Path) -> Rewrite:
    path = tmp_path / "folder" / "bad.py"
    path.parent.mkdir()
    path.write_text(BAD)
    return Rewrite(Source.read(str(path)), Source(str(path), GOOD.encode()), ("PRM401",))


@pytest.mark.parametrize("happen", MEANWHILE)
def test_what_happens_before_the_writing(rewrite, happen):
    happen(path := Path(rewrite.before.path))
    expected = state(path)
    with pytest.raises(OSError, match=MEANWHILE[happen]):
        write(rewrite)
    assert state(path) == expected


@pytest.mark.parametrize("happen", [h for h in MEANWHILE if h is not move_away_with_the_folder])
def test_what_happens_while_the_disk_takes_its_time(rewrite, happen, monkeypatch):
    path = Path(rewrite.before.path)
    seen = []

    def slow(descriptor: int) -> None:
        happen(path)
        seen.append(state(path))

    monkeypatch.setattr("paramlint.source.rewrite.os.fsync", slow)
    with pytest.raises(OSError, match=MEANWHILE[happen]):
        write(rewrite)
    assert [state(path)] == seen
    assert left_over(path.parent) == []


def state(path: Path) -> tuple[object, ...]:
    """What is in the folder beside temporary files, and in the file."""
    names = os.listdir(path.parent) if path.parent.exists() else []
    kept = sorted(name for name in names if not name.startswith(".paramlint-"))
    return kept, path.read_text() if path.is_file() else None, path.is_symlink(), path.is_dir(), path.is_fifo()


# A system call that fails.


def test_a_signal_while_the_temporary_file_is_made_leaves_none(bad, monkeypatch):
    real = os.open

    def interrupted(*arguments: object) -> int:
        os.close(real(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr("paramlint.source.rewrite.os.open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(Rewrite(Source.read(str(bad)), Source(str(bad), GOOD.encode()), ("PRM401",)))
    monkeypatch.undo()
    assert bad.read_text() == BAD
    assert left_over(bad.parent) == []


@pytest.mark.parametrize(
    ("call", "number"), [("fsync", 5), ("replace", 1), ("replace", 18), ("utime", 1), ("open", 24), ("stat", 116)]
)
def test_a_call_that_fails(bad, capsys, monkeypatch, call, number):
    """Errors of disks, of networks and of too many open files."""
    real = getattr(os, call)

    def fail(*arguments: object, **more: object) -> object:
        if call in ("stat", "open") and ".paramlint-" not in str(arguments[0]):
            return real(*arguments, **more)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(f"paramlint.source.rewrite.os.{call}", fail)
    code = main(FIX)
    monkeypatch.undo()
    assert code == 2
    assert_old(bad, capsys.readouterr().out, os.strerror(number))


# Names.


def relative(path: Path) -> None:
    path.symlink_to("real/real.txt")


def absolute(path: Path) -> None:
    path.symlink_to(path.parent / "real" / "real.txt")


def chain(path: Path) -> None:
    for index in range(5):
        (path.parent / f"link{index}").symlink_to("real/real.txt" if index == 4 else f"link{index + 1}")
    path.symlink_to("link0")


def through_a_folder(path: Path) -> None:
    (path.parent / "way").symlink_to("real")
    path.symlink_to("way/../real/real.txt")


def hard(path: Path) -> None:
    os.link(path.parent / "real" / "real.txt", path)


def link_to_one_of_two_names(path: Path) -> None:
    os.link(path.parent / "real" / "real.txt", path.parent / "real" / "twin.txt")
    relative(path)


@pytest.mark.parametrize("lead", [relative, absolute, chain, through_a_folder, hard, link_to_one_of_two_names])
def test_other_names_stay_names_of_the_same_file(bad, lead):
    real = bad.parent / "real" / "real.txt"
    real.parent.mkdir()
    bad.rename(real)
    real.chmod(0o640)
    lead(bad)
    way = os.readlink(bad) if bad.is_symlink() else None
    assert main([*FIX, "bad.py"]) == 0
    assert real.read_text() == GOOD
    assert bad.samefile(real)
    assert real.stat().st_mode & 0o777 == 0o640
    assert (os.readlink(bad) if bad.is_symlink() else None) == way
    assert left_over(bad.parent) == []


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_file_that_is_found_under_two_names_is_fixed_once(bad, capsys, link):
    link(bad.parent / "again.py", bad)
    assert main([*FIX, "-q", "again.py", "bad.py"]) == 0
    assert capsys.readouterr().out == ""
    assert bad.read_text() == (bad.parent / "again.py").read_text() == GOOD


# Other files that are written.


def test_a_baseline_that_cannot_be_written_is_the_old_one(bad, capsys, monkeypatch):
    baseline = bad.parent / "known.json"
    arguments = ["check", "--no-cache", "--baseline", "known.json", "--write-baseline"]
    assert main(arguments) == 0
    old = baseline.read_bytes()
    bad.write_text(GOOD)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paramlint.source.rewrite.os.fsync", fail)
    assert main(arguments) == 2
    assert "known.json" in capsys.readouterr().err
    assert baseline.read_bytes() == old
    assert left_over(bad.parent) == []


@pytest.mark.parametrize("arguments", [(), ("--output-file", "/dev/full"), ("--diff", "--unsafe-fixes")])
def test_output_that_cannot_be_written_is_said(bad, arguments):
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "paramlint", "check", "--no-cache", *arguments]
        done = subprocess.run(command, cwd=bad.parent, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert bad.read_text() == BAD
