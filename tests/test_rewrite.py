"""A fixed file is written whole, or is left as it was."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import pytest

from paramlint.frontends.cli import main
from paramlint.source.rewrite import Rewrite, write
from paramlint.source.text import Source

from .conftest import BAD, GOOD

FIX = ["check", "--fix", "--unsafe-fixes", "--output-format", "concise"]


def rewrite_of(path, text=GOOD):
    return Rewrite(Source.read(str(path)), Source(str(path), text.encode()), ("PRM401",))


def left_over(path):
    return [p.name for p in path.parent.iterdir() if p.name.startswith(".paramlint-")]


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o640])
def test_the_mode_is_kept(bad, mode):
    bad.chmod(mode)
    assert main(FIX) == 0
    assert bad.read_text() == GOOD
    assert bad.stat().st_mode & 0o777 == mode
    assert left_over(bad) == []


def test_a_symbolic_link_stays_one(bad):
    real = bad.parent / "elsewhere" / "real.py"
    real.parent.mkdir()
    bad.rename(real)
    bad.symlink_to("elsewhere/real.py")
    assert main([*FIX, "bad.py"]) == 0
    assert bad.is_symlink()
    assert real.read_text() == GOOD


def test_hard_links_stay_the_same_file(bad):
    other = bad.parent / "other.txt"
    os.link(bad, other)
    assert main(FIX) == 0
    assert other.read_text() == GOOD
    assert other.stat().st_ino == bad.stat().st_ino
    assert left_over(bad) == []


def test_a_hard_link_is_put_back_when_the_write_fails(bad, monkeypatch):
    os.link(bad, bad.parent / "other.txt")
    writes = []

    def fail_once(descriptor, data):
        writes.append(descriptor)
        if len(writes) == 1:
            real_write(descriptor, bytes(data[:5]))
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    real_write = os.write
    monkeypatch.setattr("paramlint.source.rewrite.os.write", fail_once)
    with pytest.raises(OSError, match="No space left"):
        write(rewrite_of(bad, "x" * 1000))
    assert bad.read_text() == BAD
    assert left_over(bad) == []


def limited(bad, preexec):
    return subprocess.run(
        [sys.executable, "-m", "paramlint", *FIX], cwd=bad.parent, capture_output=True, text=True, preexec_fn=preexec
    )


@pytest.mark.parametrize("linked", [False, True])
def test_where_no_byte_can_be_written_the_file_is_as_before(bad, linked):
    if linked:
        os.link(bad, bad.parent / "other.txt")
    (bad.parent / "worse.py").write_text("import torch\nx = (\n")
    done = limited(bad, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert done.returncode == 2
    assert "bad.py:1:1: PRM006 [error] fixes could not be written: File too large\n" in done.stdout
    assert "bad.py:8:9: PRM401 [bug] " in done.stdout
    assert "worse.py:2:5: PRM002 [error] " in done.stdout
    assert bad.read_text() == BAD
    assert left_over(bad) == []


def test_a_file_that_changed_meanwhile_is_left_alone(bad):
    change = rewrite_of(bad)
    bad.write_text("mine = 1\n")
    with pytest.raises(OSError, match="changed while"):
        write(change)
    assert bad.read_text() == "mine = 1\n"


def test_a_file_that_went_away_is_said(bad, capsys, monkeypatch):
    def gone(rewrite):
        bad.unlink()
        write(rewrite)

    monkeypatch.setattr("paramlint.source.rewrite.write", gone)
    assert main(FIX) == 2
    assert "PRM006 [error] fixes could not be written: No such file or directory" in capsys.readouterr().out
    assert not bad.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
def test_a_read_only_file_is_left_alone(bad, monkeypatch):
    monkeypatch.setattr("paramlint.source.rewrite.os.access", lambda *_: False)
    with pytest.raises(PermissionError, match="read-only"):
        write(rewrite_of(bad))
    assert bad.read_text() == BAD


def test_an_interrupt_leaves_the_old_file_and_no_other(bad, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("paramlint.source.rewrite.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(rewrite_of(bad))
    assert bad.read_text() == BAD
    assert left_over(bad) == []


def test_a_request_to_end_leaves_the_old_file_and_no_other(bad, monkeypatch):
    monkeypatch.setattr("paramlint.source.rewrite.os.replace", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert main(FIX) == 128 + signal.SIGTERM
    assert bad.read_text() == BAD
    assert left_over(bad) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"# coding: latin-1\n# \xe9\n", b"\x0c", b"# \r\n"])
def test_bytes_outside_the_fix_are_kept(bad, prefix):
    bad.write_bytes(prefix + BAD.encode())
    assert main(FIX) == 0
    assert bad.read_bytes() == prefix + GOOD.encode()
