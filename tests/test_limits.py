"""Limits count steps, in every process alike, and what is beyond one costs no more than a diagnostic."""

from __future__ import annotations

import threading

from paramlint.frontends.cli import main
from paramlint.syntax.large_stack import with_large_stack

from .conftest import BAD


def test_a_run_by_itself_has_the_limit_that_workers_have(bad, capsys, monkeypatch):
    bad.with_name("large.py").write_text(BAD + "        self.more = [nn.Linear(8, 8)]\n" * 50)
    monkeypatch.setattr("paramlint.facts.files.MAX_STEPS", 400)
    assert main(["check", "--no-cache", "-j", "1", "--output-format", "concise"]) == 2
    out = capsys.readouterr().out
    assert "large.py:1:1: PRM004" in out or "large.py:6:1: PRM004" in out
    assert "bad.py:8:9: PRM401" in out


def test_a_large_stack_in_a_large_stack_is_the_same():
    threads = with_large_stack(lambda: (threading.get_ident(), with_large_stack(threading.get_ident)))
    assert threads[0] == threads[1] != threading.get_ident()


def test_all_fixes_of_a_run_share_one_thread(bad, monkeypatch):
    for number in range(4):
        bad.with_name(f"b{number}.py").write_text(BAD)
    started = []
    start = threading.Thread.start

    def count(self: threading.Thread) -> None:
        started.append(self.name)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", count)
    assert main(["check", "--no-cache", "-j", "1", "--fix", "--unsafe-fixes"]) == 0
    assert started == ["paramlint", "paramlint"]  # one that checks, one that fixes
