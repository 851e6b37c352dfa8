#!/usr/bin/env python3
"""Which tools say something about mistakes in parameters: a table for docs/compare.md.

usage: benchmarks/peers/finds.py FOLDER

FOLDER holds an environment for each tool, `FOLDER/ruff/bin/ruff` and so on; those that are missing are left out. A tool
finds a mistake where it says something about the script with it that it does not say of the same script without it;
numbers of rows aside. Static tools run with all of their rules, torch-audit and `paramlint.watch` around the loop.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from mistakes import END, MISTAKES

#: What each tool is asked, after its program.
COMMANDS = {
    "ruff": ("ruff", "check", "--isolated", "--no-cache", "--preview", "--select", "ALL", "--output-format", "concise"),
    "flake8": ("flake8", "--isolated"),
    "TorchFix": ("flake8", "--isolated", "--select", "TOR"),
    "pylint": ("pylint", "--enable", "all", "--score", "n", "--msg-template", "{msg_id} {msg}"),
    "mldoct": ("mldoctor", "check"),
    "torch-audit": ("python",),
    "paramlint check": ("paramlint", "check", "--isolated", "--no-cache", "-q", "--output-format", "concise"),
    "paramlint watch": ("python",),
}
ENVIRONMENTS = {"TorchFix": "torchfix", "paramlint check": "paramlint", "paramlint watch": "paramlint"}


def audited(script: str) -> str:
    """The script with torch-audit around its loop; all that it finds is printed."""
    start = (
        "from torch_audit import autopatch\n"
        "auditor = autopatch(model, optimizer=optimizer, every_n_steps=1, run_static=True, run_init=True)\n"
    )
    end = "for finding in auditor.finish(report=False).findings:\n    print(finding.rule_id, finding.message)\n"
    return _around(script, start, end)


def watched(script: str) -> str:
    """The script with `paramlint.watch` around its loop; all that it finds is printed."""
    start = "import paramlint\nwatched = paramlint.watch(model, optimizer)\nwatched.start()\n"
    end = "watched.stop()\nfor finding in watched.findings:\n    print(finding.code, finding.message)\n"
    return _around(script, start, end)


def _around(script: str, start: str, end: str) -> str:
    head, loop = script.split("batches = ", 1)
    return f"{head}{start}batches = {loop}{end}".replace(END, "")


def said(tool: str, program: Path, script: str, folder: Path) -> Counter[str]:
    """What a tool says of a script, without places; that it fails, where the script does."""
    if tool == "torch-audit":
        script = audited(script)
    if tool == "paramlint watch":
        script = watched(script)
    (folder / "train.py").write_text(script)
    command = [str(program), *COMMANDS[tool][1:], "train.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if COMMANDS[tool][0] == "python" and done.returncode:
        return Counter({f"fails: {done.stderr.strip().splitlines()[-1]}": 1})
    lines = (re.sub(r"\d+", "#", line).strip() for line in done.stdout.splitlines())
    return Counter(line for line in lines if line and not line.startswith("*"))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    root = Path(sys.argv[1])
    programs = {tool: root / ENVIRONMENTS.get(tool, tool) / "bin" / command[0] for tool, command in COMMANDS.items()}
    tools = [tool for tool, program in programs.items() if program.exists()]
    print(f"| mistake | {' | '.join(tools)} |\n|---|{'---|' * len(tools)}")
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for mistake, (bad, good) in MISTAKES.items():
            cells = []
            for tool in tools:
                new = said(tool, programs[tool], bad, Path(folder)) - said(tool, programs[tool], good, Path(folder))
                totals[tool] += bool(new)
                cells.append("yes" if new else "")
                for line in new:
                    print(f"{mistake}: {tool}: {line}", file=sys.stderr)
            print(f"| {mistake} | {' | '.join(cells)} |")
    print(f"| **of {len(MISTAKES)}** | {' | '.join(str(totals[tool]) for tool in tools)} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
