"""pytest's side: a fixture, and an option that verifies models without a test file. It only translates.

This module is imported whenever pytest starts, in projects of all kinds, so it imports nothing but pytest.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from paramlint.frontends.python.watch import Watch
    from paramlint.live.live_model import LiveModel

CLEAN, INTERRUPTED = 0, 130


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--paramlint-verify`."""
    parser.getgroup("paramlint").addoption(
        "--paramlint-verify",
        action="append",
        default=[],
        metavar="TARGET",
        help="Verify what package.module:factory or path/to/file.py:Class builds, as one more test.",
    )


@pytest.fixture
def parameters() -> Callable[..., LiveModel]:
    """Builds a model while its parameters are watched: `net = parameters(Net)`, for `paramlint.assertions`."""
    from paramlint.live.construct import watched

    return watched


@pytest.fixture
def watched_training() -> Iterator[Callable[..., Watch]]:
    """Watches the training in a test: `watched_training(model, optimizer)`, and the test fails of what is found."""
    import paramlint

    started: list[Watch] = []

    def begin(model: Any, optimizer: Any = None, **options: Any) -> Watch:
        watch = paramlint.watch(model, optimizer, **options)
        watch.start(sys._getframe(1))
        started.append(watch)
        return watch

    yield begin
    for watch in started:
        watch.stop()
    found = [watch for watch in started if watch.findings]
    if found:
        pytest.fail("\n".join(map(str, found)), pytrace=False)


@pytest.hookimpl(tryfirst=True)  # so that -k and others see what is added
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test for each target."""
    targets: list[str] = config.option.paramlint_verify
    for target in targets:
        items.append(VerifyItem.from_parent(session, name=f"verify {target}", target=target))


class VerifyError(Exception):
    """Something was found, or the model could not be built; the message is the report."""


class VerifyItem(pytest.Item):
    """The run of `paramlint verify` on one target."""

    def __init__(self, *, target: str, **options: Any) -> None:
        super().__init__(nodeid=f"paramlint::{target}", **options)
        self.target = target

    def runtest(self) -> None:
        """Verify, and fail unless all is well."""
        from paramlint.frontends.cli import main

        report = io.StringIO()
        with contextlib.redirect_stdout(report), contextlib.redirect_stderr(report):
            code = main(["verify", "--", self.target])
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code != CLEAN:
            raise VerifyError(report.getvalue())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of the command; a traceback only where paramlint itself fails."""
        if isinstance(excinfo.value, VerifyError):
            return str(excinfo.value).rstrip()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands: in no file, so the project as a whole."""
        return self.config.rootpath, None, self.name
