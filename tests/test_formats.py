"""Formats that other programs read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from paramlint.engine.catalogue import CATALOGUE
from paramlint.frontends.cli import main
from paramlint.frontends.report.formats import FORMATS

from .conftest import BAD

SCHEMA = Path(__file__).parent.parent.parent / "shared" / "data" / "sarif-schema-2.1.0.json"


@pytest.fixture
def mixed(bad):
    """Findings, silenced ones, a broken file, one that is passed over, and names that need quoting."""
    (bad.parent / "a b%ü,:.py").write_text(BAD)
    (bad.parent / "silenced.py").write_text(BAD.replace("8)]\n", "8)]  # noqa: PRM401\n"))
    (bad.parent / "broken.py").write_text("import torch\nx = (\n")
    (bad.parent / "venv").mkdir()
    (bad.parent / "skipped.py").write_text("")
    (bad.parent / ".gitignore").write_text("skipped.py\n")
    return bad.parent


def output(capsys, output_format):
    code = main(["check", "--output-format", output_format])
    return code, capsys.readouterr().out


def test_json_lines_are_the_objects_of_json(mixed, capsys):
    whole = json.loads(output(capsys, "json")[1])
    assert [json.loads(line) for line in output(capsys, "json-lines")[1].splitlines()] == whole
    assert len(whole) == 3


def test_sarif_is_valid_and_says_everything(mixed, capsys):
    code, out = output(capsys, "sarif")
    log = json.loads(out)
    assert code == 2
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.code for rule in CATALOGUE]
    results = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result for result in run["results"]
    }
    assert sorted(results) == ["a%20b%25%C3%BC%2C%3A.py", "bad.py", "silenced.py"]
    assert results["silenced.py"]["suppressions"] == [{"kind": "inSource"}]
    assert "suppressions" not in results["bad.py"]
    region = results["bad.py"]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 8, "startColumn": 9, "endLine": 8, "endColumn": 20}
    assert results["bad.py"]["fixes"][0]["artifactChanges"][0]["replacements"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    said = [(n["level"], n["message"]["text"].split(":")[0]) for n in invocation["toolExecutionNotifications"]]
    assert said[0][0] == "error"
    assert said[1:] == [("note", "skipped")]


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of SARIF is not beside this checkout")
def test_sarif_against_the_official_schema(mixed, capsys):
    import jsonschema

    log = json.loads(output(capsys, "sarif")[1])
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft4Validator(schema).validate(log)
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(log)


def test_sarif_of_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out = output(capsys, "sarif")
    assert code == 0
    assert json.loads(out)["runs"][0]["results"] == []


def test_fingerprints_follow_the_code_and_tell_twins_apart(bad, capsys):
    def fingerprints(text):
        bad.write_text(text)
        results = json.loads(output(capsys, "sarif")[1])["runs"][0]["results"]
        return [result["partialFingerprints"]["paramlint/v1"] for result in results]

    (before,) = fingerprints(BAD)
    assert fingerprints("import os\n\n\n" + BAD.replace("= [", "=   [")) == [before]
    twins = fingerprints(BAD + BAD[BAD.index("class") :])
    assert twins[0] == before
    assert twins[1] != before
    assert fingerprints(BAD.replace("Net", "Other")) != [before]


def test_github(mixed, capsys):
    lines = output(capsys, "github")[1].splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "::error title=paramlint (PRM401),file=a b%25ü%2C%3A.py,line=8,endLine=8,col=9,endColumn=20::"
    )
    assert lines[1].endswith("::PRM401 `self.blocks` is a plain list, so its modules are not trained")


def test_gitlab(mixed, capsys):
    found = json.loads(output(capsys, "gitlab")[1])
    assert [item["location"]["path"] for item in found] == ["a b%ü,:.py", "bad.py", "broken.py"]
    assert len({item["fingerprint"] for item in found}) == 3
    assert {item["severity"] for item in found} == {"major"}


def test_junit(mixed, capsys):
    root = ElementTree.fromstring(output(capsys, "junit")[1])
    assert root.get("failures") == "3"
    assert root.get("tests") == "4"
    assert [suite.get("name") for suite in root] == ["a b%ü,:.py", "bad.py", "broken.py", "silenced.py"]
    assert len(root.findall("./testsuite/testcase/failure")) == 3


@pytest.mark.parametrize("output_format", FORMATS)
def test_evil_names_are_escaped_in_every_format(bad, capsys, output_format):
    name = "e\x1bv\u202ei\x07l.py"
    (bad.parent / name).write_text(BAD)
    code, out = output(capsys, output_format)
    assert code == 1
    assert not set("\x1b\u202e\x07") & set(out)


def test_output_file(bad, capsys):
    assert main(["check", "--output-format", "json", "--output-file", "out.json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1 finding" in captured.err
    assert json.loads((bad.parent / "out.json").read_text())[0]["code"] == "PRM401"
    assert main(["check", "--output-file", "no/such/folder"]) == 2
    assert "no/such/folder" in capsys.readouterr().err


def test_every_list_of_formats_says_the_same():
    from typing import get_args

    from paramlint.config.settings import OutputFormat
    from paramlint.frontends.cli.check import command

    assert list(FORMATS) == list(command.FORMATS) == list(get_args(OutputFormat))
