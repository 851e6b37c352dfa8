"""Small runs: each fault is found and named, and nothing is said of what is right."""

from __future__ import annotations

import warnings

import pytest
import torch

from .faulty import FAULTY
from .right import RIGHT


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about checkpoints and schedules
        yield


@pytest.mark.parametrize("run", FAULTY)
def test_a_fault_is_found(run):
    code, name, start = FAULTY[run]
    watched = start()
    assert {finding.code for finding in watched.findings} == {code}
    assert not name or any(name in finding.names for finding in watched.findings)
    for finding in watched.findings:
        assert "`" in finding.message or code == "PRM711"
        assert finding.message[0] != finding.message[0].upper() or finding.message.startswith("`")
        assert not finding.message.endswith(".") and "\n" not in finding.message
        assert finding.step is None or finding.step >= 1


@pytest.mark.parametrize("run", RIGHT)
def test_nothing_is_said_of_what_is_right(run):
    watched = RIGHT[run]()
    assert watched.findings == ()
    assert watched.document.degraded == ()
