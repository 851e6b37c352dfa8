"""The same bytes whatever the hash seed, the processes and the order: `python -m tests.heavy.determinism FOLDER`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from random import Random

#: Other processes are started for the smallest work too.
COMMAND = (
    "import sys, paramlint.engine.parallel.processes as w; w.SERIAL = 0.0; "
    "from paramlint.frontends.cli import main; sys.exit(main())"
)
FORMATS = ("concise", "json", "sarif", "full")


def output(folder: Path, seed: int) -> bytes:
    """What a run of a seed prints, with its exit code."""
    random = Random(seed)
    names = sorted(os.listdir(folder))
    random.shuffle(names)
    arguments = [
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "ALL",
        "--output-format",
        FORMATS[seed % len(FORMATS)],
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments, "--jobs", str(random.choice((1, 2, 3, 5))), *names],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": str(random.randrange(1, 2**32))},
        capture_output=True,
        check=False,
    )
    return done.stdout + f"exit code {done.returncode}".encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    given = parser.parse_args()
    expected = {FORMATS[seed]: output(given.folder, seed) for seed in range(len(FORMATS))}
    wrong = [seed for seed in range(4, given.count) if output(given.folder, seed) != expected[FORMATS[seed % 4]]]
    size = sum(map(len, expected.values()))
    print(f"{given.count} runs, {size} bytes in {len(FORMATS)} formats; {len(wrong)} differ {wrong or ''}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
