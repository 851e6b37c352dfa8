"""The tools that are compared, each in an environment of its own, as flake8 runs every plugin that it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from speed.measure import ENVIRONMENT, Subject

ROOT = Path(__file__).parents[2]
#: What is installed where.
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "paramlint": ("flake8", "--editable", str(ROOT)),
    "ruff": ("ruff",),
    "flake8": ("flake8",),
    "bugbear": ("flake8", "flake8-bugbear"),
    "torchfix": ("torchfix",),
    "fixit": ("fixit",),
    "plot": ("matplotlib",),
}


class Tool(NamedTuple):
    """How a tool is run on files: serially where it can be, without configuration, with the rules it has on by default.

    Attributes:
        environment: where it is installed.
        arguments: the program and what precedes the paths.
        cache_option: what precedes the folder of its cache, if it keeps one.
    """

    environment: str
    arguments: tuple[str, ...]
    cache_option: str = ""

    def on(self, paths: Sequence[str], folder: Path, cache: Path | None = None, *, cold: bool = False) -> Subject:
        """The tool on some paths.

        Args:
            paths: files and folders.
            folder: where the environments are.
            cache: where it keeps its cache.
            cold: remove the cache before each run.
        """
        program, *arguments = self.arguments
        kept = [self.cache_option, str(cache)] if cache is not None else []
        command = [str(folder / self.environment / "bin" / program), *arguments, *kept, *paths]
        return Subject(command, cache if cold else None)


TOOLS: dict[str, Tool] = {
    "paramlint": Tool(
        "paramlint", ("paramlint", "check", "--isolated", "-j", "1", "--output-format", "concise"), "--cache-dir"
    ),
    "ruff": Tool("ruff", ("ruff", "check", "--isolated", "--select", "B", "--output-format", "concise"), "--cache-dir"),
    "flake8": Tool("flake8", ("flake8", "--isolated", "-j", "1")),
    "flake8 with bugbear": Tool("bugbear", ("flake8", "--isolated", "-j", "1")),
    "flake8 with paramlint": Tool("paramlint", ("flake8", "--isolated", "-j", "1"), "--paramlint-cache-dir"),
    "TorchFix": Tool("torchfix", ("torchfix", "-j", "1")),
    # It has no serial mode; what its processes take is added up.
    "Fixit, one rule": Tool("fixit", ("fixit", "--rules", "fixit.rules:NoNamedTuple", "lint")),
}


def install(folder: Path) -> None:
    """Make the environments that are not there yet, or that hold something else than they should."""
    for name, requirements in ENVIRONMENTS.items():
        made, python = folder / name / "requirements.json", python_of(folder, name)
        if made.exists() and json.loads(made.read_text()) == list(requirements):
            continue
        print(f"installing {' '.join(requirements)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / name)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True, env=ENVIRONMENT)
        made.write_text(json.dumps(requirements))


def python_of(folder: Path, environment: str) -> str:
    """The Python of an environment."""
    return str(folder / environment / "bin" / "python")


def versions(folder: Path) -> dict[str, str]:
    """The version of each distribution that is compared, and of the libraries that decide its speed."""
    found: dict[str, str] = {}
    for environment in ENVIRONMENTS:
        listing = [python_of(folder, environment), "-m", "pip", "list", "--format", "json"]
        done = subprocess.run(listing, check=True, capture_output=True, text=True, env=ENVIRONMENT)
        installed = {each["name"]: each["version"] for each in json.loads(done.stdout)}
        names = [requirement for requirement in ENVIRONMENTS[environment] if not requirement.startswith(("-", "/"))]
        found |= {name: version for name, version in installed.items() if name.lower() in names}
        if "libcst" in installed:
            found[f"LibCST of {environment}"] = installed["libcst"]
    return found
