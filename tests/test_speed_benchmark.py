"""The parts of the comparison that do not depend on a machine: sets of files, costs, ratios and the page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.py").write_text("a = 1\nb = 2\n")
    (folder / "inner" / "b.py").write_text("c = 3\n")
    (folder / "notes.txt").write_text("no code\n")
    return folder


def test_the_small_set_ends_with_the_file_that_fills_it(package):
    from speed.sets import first_lines, python_files

    files = python_files([package / "inner", package])
    assert [file.name for file in files] == ["b.py", "a.py", "b.py"]
    assert [file.name for file in first_lines(files, 2)] == ["b.py", "a.py"]
    assert len(list(first_lines(files, 100))) == 3


def test_files_are_copied_away_from_their_project(package, tmp_path):
    from speed.sets import copy, python_files

    copy(python_files([package]), tmp_path / "copy")
    assert sorted(file.name for file in (tmp_path / "copy").rglob("*") if file.is_file()) == ["a.py", "b.py"]


def test_copies_are_as_many_as_asked_and_all_different(package, tmp_path):
    from speed.sets import python_files, replicate, sizes_of

    replicate(package, 5, tmp_path / "grown")
    files = python_files([tmp_path / "grown"])
    assert [str(file.relative_to(tmp_path / "grown")) for file in files] == [
        "000000/a.py",
        "000000/inner/b.py",
        "000001/a.py",
        "000001/inner/b.py",
        "000002/a.py",
    ]
    assert len({file.read_bytes() for file in files}) == 5
    assert len({file.stat().st_ino for file in files}) == 5
    assert sizes_of(files)["lines"] == 3 * 4 + 2 * 3


def test_a_package_without_files_is_refused(tmp_path):
    from speed.sets import replicate

    with pytest.raises(ValueError, match="no Python files"):
        replicate(tmp_path, 5, tmp_path / "grown")


def test_a_cold_run_finds_no_cache(tmp_path):
    from speed.measure import Subject, run

    cache = tmp_path / "cache"
    script = (
        "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.mkdir(exist_ok=True); (p / 'log').open('a').write('x')"
    )
    command = [sys.executable, "-c", script, str(cache)]
    for _ in range(2):
        assert run(Subject(command, cache)).cpu > 0
        assert (cache / "log").read_text() == "x"
    run(Subject(command))
    assert (cache / "log").read_text() == "xx"


def test_the_cost_is_that_of_all_processes_of_a_run():
    from speed.measure import Subject, run

    burn = "import time\nwhile time.process_time() < 0.3: pass"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    hold = "bytearray(200_000_000)"
    assert run(Subject([sys.executable, "-c", start])).cpu >= 0.3
    assert run(Subject([sys.executable, "-c", hold])).peak >= 200_000_000


@pytest.mark.parametrize(
    ("code", "said", "counts"), [(0, "", True), (1, "", True), (2, "", False), (2, "found", True), (3, "found", False)]
)
def test_what_ends_badly_is_not_measured(code, said, counts):
    from speed.measure import RunError, Subject, run

    script = f"import sys; sys.stdout.write({said!r}); sys.stderr.write('the reason'); sys.exit({code})"
    subject = Subject([sys.executable, "-c", script])
    if counts:
        run(subject)
        return
    with pytest.raises(RunError, match=f"ended with {code}: the reason"):
        run(subject)


def test_rounds_go_through_all_subjects_in_turn(tmp_path):
    from speed.measure import Subject, interleaved

    log = tmp_path / "log"
    note = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    series = interleaved({letter: Subject([sys.executable, "-c", note, str(log), letter]) for letter in "ab"}, 3)
    assert log.read_text() == "ababab"
    assert {name: len(costs) for name, costs in series.items()} == {"a": 3, "b": 3}


def test_ratios_are_of_the_same_round():
    from speed.page import cpu_ratio

    series = {"slow": [(2, 0), (30, 0)], "quick": [(1, 0), (10, 0), (4, 0)]}
    assert cpu_ratio(series, "slow", "quick") == (2.5, 2, 3)


def test_a_tool_keeps_its_cache_where_it_is_told(tmp_path):
    from speed.tools import TOOLS

    subject = TOOLS["ruff"].on(["x"], tmp_path, tmp_path / "cache", cold=True)
    assert subject.command[0] == str(tmp_path / "ruff" / "bin" / "ruff")
    assert subject.command[-3:] == ["--cache-dir", str(tmp_path / "cache"), "x"]
    assert subject.emptied == tmp_path / "cache"
    assert TOOLS["ruff"].on(["x"], tmp_path, tmp_path / "cache").emptied is None
    assert "--cache-dir" not in TOOLS["ruff"].on(["x"], tmp_path).command


def test_each_tool_has_an_environment():
    from speed.tools import ENVIRONMENTS, TOOLS

    assert {tool.environment for tool in TOOLS.values()} == ENVIRONMENTS.keys() - {"plot"}


@pytest.mark.parametrize(
    ("bound", "value", "reached"),
    [
        ("at least", 5, True),
        ("at least", 4.9, False),
        ("at most", 5, True),
        ("at most", 5.1, False),
        ("less than", 5, False),
        ("less than", 4.9, True),
    ],
)
def test_a_target_says_whether_it_is_reached(bound, value, reached):
    from speed.page import Target, spread_of

    target = Target("it", bound, 5, spread_of([value]), " MB")
    assert target.is_reached is reached
    assert target.row == ["it", f"{bound} 5 MB", f"{value:.2f} MB", "reached" if reached else "**not reached**"]


def test_growth_is_the_cost_of_a_file_beside_one_of_the_smaller_set():
    from speed.page import steps

    series = {"it, 1000": [(20.0, 0), (5.0, 0)], "it, 900": [(9.0, 0), (9.0, 0)], "it, 100": [(1.0, 0), (1.0, 0)]}
    assert steps(series, "it", ["1000", "100"]) == [(1.25, 0.5, 2.0)]
    assert len(steps(series, "it", ["1000", "900", "100"])) == 2


def test_numbers_show_the_digits_that_count():
    from speed.page import number, spread, spread_of

    assert [number(value) for value in (0.0123, 0.5, 3.456, 45.67, 1234.5)] == ["0.012", "0.5", "3.46", "45.7", "1,234"]
    assert spread(spread_of([1, 2, 4]), " s") == "2.00 s (1.00 to 4.00)"


def cost(cpu):
    return [cpu, 100_000_000]


@pytest.fixture
def measured():
    """As it is kept, through JSON."""
    run = {"date": "2026-01-01", "revision": "abc", "command": "compare.py x"}
    names = ("ruff, cold", "ruff, warm", "flake8 with bugbear", "TorchFix", "Fixit, one rule")
    plugin = ("flake8 with paramlint, cold", "flake8 with paramlint, warm")
    series = {name: [cost(6.0)] for name in names} | {name: [cost(7.2)] for name in plugin} | {"flake8": [cost(6.0)]}
    series |= {"paramlint, cold": [cost(1.0), cost(1.1)], "paramlint, warm": [cost(0.5), cost(0.5)]}
    grown = {"1000": [cost(1.0)], "10000": [cost(9.0)]}
    data = {
        "versions": {"Python": "3.11", "ruff": "0.1"},
        "small": run | {"sizes": {"files": 3, "lines": 24_010, "bytes": 9}, "series": series},
        "edited": run
        | {
            "package": "some",
            "file": "a.py",
            "sizes": {"files": 2, "lines": 20, "bytes": 9},
            "series": {
                "paramlint, cold": [cost(9.0)],
                "ruff, cold": [cost(1.0)],
                "paramlint, warm": [cost(0.5)],
                "edited": [cost(3.0)],
                "alone": [cost(1.0)],
            },
        },
        "corpus": run
        | {
            "sizes": {"files": 30, "lines": 1_000_000, "bytes": 9},
            "parsed": {"parsed": 4_000_000, "bytes": 100_000_000, "files": 30},
            "series": {
                "paramlint, cold": [cost(6.0), cost(2.0), cost(2.5)],
                "ruff, cold": [cost(1.0)] * 3,
                "paramlint, warm": [cost(1.0)],
                "ruff, warm": [cost(1.0)],
            },
        },
        "growth": run
        | {
            "command": "compare.py y",
            "package": "small-1.0",
            "sizes": {size: {"files": int(size), "lines": 50 * int(size), "bytes": 9} for size in grown},
            "series": {
                f"{tool}, {state}, {size}": costs
                for tool in ("paramlint", "ruff")
                for state in ("cold", "warm")
                for size, costs in grown.items()
            },
        },
        "builds": run
        | {
            "traced": {"parameters": 100_000_000, "rounds": [{"plain": 1.0, "tracker": 1.1, "trace": 1.2}]},
            "virtual": {"8B": {"parameters": 8_000_000_000, "tensors": 290, "cpu": 0.5, "memory": 9_000_000}},
            "zoo": [0.5, None, 1.5, 4.0],
        },
    }
    return json.loads(json.dumps(data))


def test_the_page_says_what_is_reached(measured):
    from speed.page import page

    lines = page(measured, "why").splitlines()
    assert "| flake8 : paramlint, 24,010 lines | at least 6 | 6.00 | reached |" in lines
    assert "| flake8 with paramlint : flake8, 24,010 lines, cold | at most 1.1 | 1.20 | **not reached** |" in lines
    assert "| paramlint : ruff, 24,010 lines, cold | at most 16 | 0.17 | reached |" in lines
    assert "| paramlint, warm : ruff, cold, some | less than 1 | 0.5 | reached |" in lines
    assert "| some after one edit : the file alone | less than 3 | 3.00 | **not reached** |" in lines
    assert "| paramlint : ruff, corpus, warm | less than 1 | 1.00 | **not reached** |" in lines
    assert "| text that LibCST parses, corpus | less than 5 % | 4.00 % | reached |" in lines
    assert "| peak memory, corpus, cold | at most 220 MB | 100 MB | reached |" in lines
    assert any(line.startswith("| a file of a set") and "| 0.9 | reached |" in line for line in lines)
    assert any("3 of the 4 models of timm" in line for line in lines)


def test_the_page_says_what_was_run_when(measured):
    from speed.page import page

    assert "# small, edited, corpus, builds: 2026-01-01, commit abc\n$ compare.py x\n# growth: " in page(measured, "")


def test_what_was_not_measured_is_left_out(measured):
    from speed.page import page

    for part in ("growth", "small", "edited", "builds"):
        del measured[part]
    text = page(measured, "")
    assert "TorchFix :" not in text
    assert "## Growth" not in text
    assert "## The corpus" in text


def test_what_is_written_by_hand_stays(measured):
    from speed.page import by_hand, page

    first = page(measured, "Start-up takes half.\n\nThe rest is parsing.")
    assert by_hand(first).strip() == "Start-up takes half.\n\nThe rest is parsing."
    assert page(measured, by_hand(first)) == first
    assert by_hand("") == by_hand("# Another page") == ""


def test_a_stage_that_takes_more_instructions_is_named():
    from instructions import Count, worse

    before = {"starting": 900, "a finding": 800, "building models": 400, "little": 1}
    now = {"starting": 926, "a finding": 500, "building models": 413, "little": 3}
    counts = [{name: Count(m * 1_000_000, m * 1_000_000) for name, m in given.items()} for given in (before, now)]
    assert worse(*counts) == ["building models"]


def test_a_stage_that_does_what_one_before_it_did_is_not_worse():
    from instructions import Count, worse

    before = {"starting": Count(900_000_000, 900_000_000), "a finding": Count(800_000_000, 1_700_000_000)}
    now = {"starting": Count(300_000_000, 300_000_000), "a finding": Count(1_300_000_000, 1_600_000_000)}
    assert worse(before, now) == []
    assert worse(before, {**now, "a finding": Count(1_300_000_000, 1_800_000_000)}) == ["a finding"]
