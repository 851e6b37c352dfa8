"""The plugin in projects of its own: unused it costs nothing, its option needs no test file, its messages say all."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, std=0.02, tie=True):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.head = nn.Linear(16, 50, bias=False)
        nn.init.normal_(self.embed.weight, std=std)
        if tie:
            self.head.weight = self.embed.weight


class Unwritten(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(4, 4))
"""


@pytest.fixture
def project(pytester):
    """A folder with a module of models."""
    pytester.makepyfile(net=NET)
    return pytester


def run(project, *arguments):
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=300)


def test_unused_it_loads_nothing(project):
    project.makeconftest(
        "import sys\n"
        "def pytest_unconfigure(config):\n"
        "    assert 'paramlint.frontends.pytest' in sys.modules\n"
        "    print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules} & {\n"
        "        'torch', 'libcst', 'rich', 'numpy', 'click', 'msgspec', 'scipy'}))\n"
        "    print('of paramlint:', *sorted(name for name in sys.modules if name.startswith('paramlint')))\n"
    )
    result = run(project, "--co")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["loaded:", "of paramlint: paramlint paramlint.frontends paramlint.frontends.pytest"])


def test_models_are_verified_without_a_test_file(project):
    result = run(project, "-v", *(f"--paramlint-verify={target}" for target in ("net:Net", "net:Unwritten", "net")))
    result.assert_outcomes(passed=1, failed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "paramlint::net:Net PASSED*",
            "*_ verify net:Unwritten _*",
            "PRM201 uninitialized-parameter [[]confirmed[]] `scale` is allocated and never written*",
            "  --> net.py:18",
            "*_ verify net _*",
            "*`net` names no factory*",
        ]
    )
    assert "pytest_plugin.py" not in result.stdout.str()


def test_what_is_added_can_be_chosen_and_the_configuration_counts(project):
    project.makepyfile(test_own="def test_own(): pass")
    project.makepyprojecttoml("[tool.paramlint.verify]\ntimout = 9\n")
    result = run(project, "--paramlint-verify=net:Net", "-k", "net")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*pyproject.toml:2: `timout` is no setting; did you mean `timeout`?*"])


ASSERTIONS = """\
import pytest
import torch
from net import Net, Unwritten
from paramlint.assertions import assert_init, assert_initialized, assert_tied
from paramlint.verify.laws import normal


def test_right(parameters):
    before = torch.get_rng_state()
    net = parameters(Net)
    assert_initialized(net)
    assert_tied(net, "embed.weight", "head.weight")
    assert_init(net, "*.weight", normal(std=0.02))
    assert torch.equal(torch.get_rng_state(), before)


def test_unwritten(parameters):
    assert_initialized(parameters(Unwritten))


def test_law(parameters):
    assert_init(parameters(lambda: Net(std=0.5)), "*.weight", normal(std=0.02))


def test_tie(parameters):
    assert_tied(parameters(lambda: Net(tie=False)), "embed.weight", "head.weight")
"""


def test_the_fixture_and_the_messages_of_assertions(project):
    """With the coverage measured, which nothing of the user's may escape by being loaded too early."""
    project.makepyfile(test_net=ASSERTIONS)
    result = run(project, "--cov=net", "--cov-report=term-missing")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            ">       assert_initialized(parameters(Unwritten))",
            "E       AssertionError: `scale` is not initialised",
            "E         scale: it is unwritten",
            "E           net.py:18: self.scale = nn.Parameter(torch.empty(4, 4))",
            "E       AssertionError: `embed.weight` is not initialised by normal(std=0.02)",
            "E         embed.weight: mean * and std 0.* where 0 and 0.02 are expected (p *)",
            "E           net.py:10: nn.init.normal_(self.embed.weight, std=std)",
            "E       AssertionError: `head.weight` is not tied to `embed.weight`",
            "E         head.weight: they are two parameters",
            "E           net.py:9: self.head = nn.Linear(16, 50, bias=False)",
            "net.py *14*0*100%*",
        ]
    )
    assert "assertions.py" not in result.stdout.str()
    assert "CoverageWarning" not in result.stdout.str() + result.stderr.str()


def test_workers_of_xdist_run_it(project):
    pytest.importorskip("xdist")
    result = run(project, "-n", "1", "--paramlint-verify=net")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*`net` names no factory*"])


def test_what_the_system_refuses_is_said(project):
    project.makeconftest(
        "def pytest_sessionstart(session):\n"
        "    import paramlint.frontends.cli.verify.command as command\n"
        "    def full(*_): raise OSError(28, 'No space left on device')\n"
        "    command.run_verify = full\n"
    )
    result = run(project, "--paramlint-verify=net:Net")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["error: the output could not be written: No space left on device"])
    assert "UnsupportedOperation" not in result.stdout.str()


def test_a_short_training_is_watched(project):
    project.makepyfile(
        """
        import torch
        from net import Net


        def train(watched_training, parameters, net):
            opt = torch.optim.SGD(parameters, 0.1)
            watched_training(net, opt)
            for _ in range(3):
                opt.zero_grad()
                net.head(net.embed(torch.arange(4))).square().mean().backward()
                opt.step()


        def test_all_of_it(watched_training):
            net = Net(tie=False)
            train(watched_training, net.parameters(), net)


        def test_half_of_it(watched_training):
            net = Net(tie=False)
            train(watched_training, net.embed.parameters(), net)
        """
    )
    result = run(project)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*PRM710 parameter-in-no-group*`head.weight`*"])
