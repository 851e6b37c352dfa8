"""A cluster says what this machine says: a real scheduler, and workers that are processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError

import pytest

from paramlint.engine.catalogue import select
from paramlint.engine.parallel import cluster, cluster_connection
from paramlint.engine.run import Run, run_paths
from paramlint.frontends.cli import main

from .conftest import BAD, GOOD
from .test_packs import install
from .test_workers import BASE, DERIVED

distributed = pytest.importorskip("distributed")

#: A pack with a rule that is no match for one file.
DEADLY = """
import os, signal
from paramlint.rule import Rule, Stores

rule = Rule("ACM001", "deadly", group="bug", doc="Deadly.", triggers=(Stores("blocks"),))

@rule.static_scope
def check(scope):
    if "fatal" in scope.file.source.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return iter(())

RULES = [rule]
"""
NET = DERIVED + "        self.blocks = [nn.Linear(2, 2)]\n"


class Machines:
    """A scheduler, and workers with one thread each."""

    def __init__(self, folder, packs):
        self._folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(packs)}
        self.processes = [self._start("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")]
        file = folder / "scheduler.json"
        while not file.exists():
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        self.start_worker()
        self.start_worker()

    def _start(self, kind, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        return subprocess.Popen(
            [*command, "--scheduler-file", str(self._folder / "scheduler.json")],
            cwd=self._folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start_worker(self):
        """One more worker, once it is there."""
        worker = self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.processes.append(worker)
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.processes) - 1, timeout=60)
        return worker

    def kill(self, process):
        """It is gone, and says nothing."""
        process.kill()
        process.wait()
        self.processes.remove(process)

    def stop(self):
        """All of them end."""
        for process in list(self.processes):
            self.kill(process)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    packs = tmp_path_factory.mktemp("installed")
    install(packs, DEADLY)
    machines = Machines(tmp_path_factory.mktemp("machines"), packs)
    yield machines
    machines.stop()


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Some files, of which some have findings, in the current folder; each is a task."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "LEAST", 0.0)
    (tmp_path / "pkg").mkdir()
    texts = {"__init__": "", "base": BASE, "net": NET, "n1": GOOD, "n2": BAD, "bad": "("}
    for name, text in texts.items():
        (tmp_path / "pkg" / f"{name}.py").write_text(text)
    return tmp_path / "pkg"


def run(capsys, *arguments):
    code = main(["check", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_same_as_here_and_kept_with_what_it_depends_on(machines, files, capsys):
    given = ("--output-format", "sarif")
    expected = run(capsys, *given, "--no-cache")
    assert expected[0] == 2
    assert run(capsys, *given, "--cluster", machines.address) == expected
    assert run(capsys, *given) == expected
    (files / "base.py").write_text(BASE.replace("(nn.Module)", ""))
    assert run(capsys, *given) == run(capsys, *given, "--no-cache") != expected


def test_a_dead_worker_costs_a_retry(machines, files):
    paths = sorted(map(str, files.glob("*.py")))
    expected = run_paths(paths, Run(select())).reports
    worker = machines.start_worker()
    killed = []

    def kill_once():
        if not killed:
            killed.append(machines.kill(worker))

    assert run_paths(paths, Run(select(), workers=cluster.OnCluster(machines.address)), kill_once).reports == expected
    assert killed


def test_a_file_that_kills_what_checks_it_costs_one_diagnostic(machines, files, capsys, monkeypatch):
    (files / "fatal.py").write_text("# fatal\n" + BAD)
    monkeypatch.setenv("PYTHONPATH", machines.environment["PYTHONPATH"])
    command = [sys.executable, "-m", "paramlint", "check", "--pack", "acme", "--cluster", machines.address]
    done = subprocess.run([*command, "--output-format", "concise"], capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert "pkg/fatal.py:1:1: PRM005 [error] paramlint died here (SIGKILL); please report it" in lines, done.stderr
    assert len([line for line in lines if "PRM401" in line]) == 2
    assert done.returncode == 2
    with distributed.Client(machines.address, set_as_default=False) as client:
        assert len(client.nthreads()) == 2


def test_another_version_is_refused(machines, files, capsys, monkeypatch):
    mine = cluster_connection.versions()
    monkeypatch.setattr(cluster_connection, "versions", lambda: {**mine, "paramlint": "7.0"})
    code, out, err = run(capsys, "--cluster", machines.address, "--no-cache")
    said = f"Error: a worker of the cluster has paramlint {mine['paramlint']} instead of 7.0\n"
    assert (code, out, err) == (2, "", said)


def test_a_worker_without_paramlint_is_refused(machines, files, capsys, monkeypatch):
    lacking = {"tcp://worker:1": PackageNotFoundError("paramlint"), "tcp://worker:2": "0.1.0"}
    monkeypatch.setattr(distributed.Client, "run", lambda *_, **__: lacking)
    code, out, err = run(capsys, "--cluster", machines.address, "--no-cache")
    said = "Error: the worker tcp://worker:1 has no paramlint: pip install 'paramlint[cluster]' there\n"
    assert (code, out, err) == (2, "", said)


def test_a_folder_that_only_this_machine_has_is_refused(machines, files, capsys, monkeypatch):
    monkeypatch.setattr(cluster_connection.os, "getcwd", lambda: "/nowhere")
    code, out, err = run(capsys, "--cluster", machines.address, "--no-cache", "--isolated")
    assert (code, out) == (2, "")
    assert "a worker of the cluster has no folder /nowhere" in err


@pytest.mark.parametrize("change", ["base.py", "new.py"])
def test_other_files_are_refused(machines, files, change):
    """They would give other findings; here the files change as soon as the workers have looked at them."""
    if change == "new.py":
        (files / "net.py").write_text(NET.replace(".base", ".new"))
    paths = [str(files / "net.py")]
    act = lambda: (files / change).write_text(BAD)  # noqa: E731
    with pytest.raises(cluster_connection.ClusterError, match=rf"see another pkg.{change} than this machine"):
        run_paths(paths, Run(select(), workers=cluster.OnCluster(machines.address)), act)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("scheduler", "'scheduler' is no address such as tcp://scheduler:8786: missing port"),
        ("http://scheduler:1", "'http://scheduler:1' is no address such as tcp://scheduler:8786: unknown"),
        ("tcp://127.0.0.1:9", "no scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_an_address_without_a_scheduler_is_refused(files, capsys, monkeypatch, address, said):
    monkeypatch.setattr(cluster_connection, "CONNECT", 1)
    code, out, err = run(capsys, "--cluster", address)
    assert (code, out) == (2, "")
    assert said in err
    assert main(["verify", "--cluster", address, "pkg/n1.py:Net"]) == 2
    assert said in capsys.readouterr().err


def test_what_is_about_this_machine_is_refused(files, capsys):
    for other in ("-", "-j2"):
        code, out, err = run(capsys, "--cluster", "tcp://127.0.0.1:9", other)
        assert (code, out, "leave out --jobs and `-`" in err) == (2, "", True)


def test_without_the_extra_it_says_what_to_install(files, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = run(capsys, "--cluster", "tcp://127.0.0.1:9")
    assert (code, err) == (2, "Error: distributed is missing: pip install 'paramlint[cluster]'\n")


@pytest.mark.heavy
def test_targets_are_verified_there(machines, files, capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(files)
    expected = main(["verify", "--discover", "n2.py"]), capsys.readouterr().out
    assert [word in expected[1] for word in ("n2.py:Net", "PRM401")] == [True, True]
    verified = main(["verify", "--discover", "n2.py", "--cluster", machines.address]), capsys.readouterr().out
    assert verified == expected


@pytest.fixture
def other_machines(tmp_path_factory):
    """Such as may be killed."""
    machines = Machines(tmp_path_factory.mktemp("machines"), "")
    yield machines
    machines.stop()


def test_no_worker_and_no_scheduler_are_waited_for_a_while_only(other_machines, files, capsys, monkeypatch):
    monkeypatch.setattr(cluster_connection, "PATIENCE", 1)
    monkeypatch.setattr(cluster_connection, "CONNECT", 2)
    address = other_machines.address
    scheduler, *workers = other_machines.processes
    for worker in workers:
        other_machines.kill(worker)
    code, out, err = run(capsys, "--cluster", address, "--no-cache")
    assert (code, out, err) == (2, "", f"Error: the cluster at {address} has no workers\n")

    other_machines.start_worker()
    monkeypatch.setattr(cluster_connection, "PATIENCE", 60)
    step = lambda: scheduler.poll() is not None or other_machines.kill(scheduler)  # noqa: E731
    with pytest.raises(cluster_connection.ClusterError, match=f"the scheduler at {address} is gone"):
        run_paths(sorted(map(str, files.glob("*.py"))), Run(select(), workers=cluster.OnCluster(address)), step)
