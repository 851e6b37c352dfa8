"""Editors: the extension for VS Code without VS Code, and the recipes, each run where its editor is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paramlint.frontends.cli import main

from .conftest import BAD

ROOT = Path(__file__).parent.parent
EXTENSION = ROOT / "editors" / "vscode"
PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")


def recipe(language: str) -> str:
    """The recipe of the page in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def environment(tmp_path):
    """An environment in which `paramlint` is on the path, and home is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "paramlint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m paramlint "$@"\n')
    program.chmod(0o755)
    (tmp_path / "home").mkdir()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "home")}


# VS Code


def test_the_problem_matcher_reads_what_is_written(bad, capsys):
    (matcher,) = json.loads((EXTENSION / "package.json").read_text())["contributes"]["problemMatchers"]
    assert main(["check", "--isolated", "--no-cache", "--output-format", "concise", str(bad)]) == 1
    found = re.fullmatch(matcher["pattern"]["regexp"], capsys.readouterr().out.splitlines()[0])
    assert found is not None
    groups = {name: found[number] for name, number in matcher["pattern"].items() if name != "regexp"}
    assert (Path(groups["file"]).name, groups["line"], groups["column"], groups["code"]) == (
        "bad.py",
        "8",
        "9",
        "PRM401",
    )
    assert groups["message"].startswith("`self.blocks`")
    assert re.fullmatch(matcher["pattern"]["regexp"], "a.ipynb:cell 2:4:9: PRM401 [bug, confirmed] `x` is") is not None


def test_settings_and_commands_are_those_that_the_extension_uses():
    package = json.loads((EXTENSION / "package.json").read_text())
    code = (EXTENSION / "extension.js").read_text()
    used = set(re.findall(r'settings\.get\("(\w+)"\)', code))
    assert {f"paramlint.{name}" for name in used} == set(package["contributes"]["configuration"]["properties"])
    assert [one["command"] for one in package["contributes"]["commands"]] == re.findall(
        r'registerCommand\("([\w.]+)"', code
    )
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert package["version"] == version[1]
    lock = json.loads((EXTENSION / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == package["dependencies"]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_extension_is_javascript():
    subprocess.run(["node", "--check", EXTENSION / "extension.js"], check=True)


#: Loads the extension with stand-ins for VS Code and its client, and says what the client is given.
LOAD = """
const Module = require("module");
const load = Module._load;
const said = [];
const settings = { enable: true, command: ["python", "-m", "paramlint"], inlayHints: true };
const vscode = {
  commands: { registerCommand: (name, run) => { said.push(name); return { dispose() {} }; } },
  window: { showErrorMessage: (text) => said.push(text) },
  workspace: {
    workspaceFolders: [{ uri: { fsPath: "/project" } }],
    getConfiguration: () => ({ get: (name) => settings[name] }),
    createFileSystemWatcher: (pattern) => pattern,
    onDidChangeConfiguration: () => ({ dispose() {} }),
  },
};
class LanguageClient {
  constructor(id, name, server, options) { said.push(server, options.initializationOptions); }
  async start() { if (process.argv[2]) throw new Error("ENOENT"); said.push("started"); }
  async stop() { said.push("stopped"); }
}
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
const extension = require(process.argv[1]);
extension.activate({ subscriptions: [] }).then(extension.deactivate).then(() => console.log(JSON.stringify(said)));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
@pytest.mark.parametrize("fails", [False, True])
def test_the_extension_starts_the_server(fails):
    arguments = ["node", "-e", LOAD, str(EXTENSION / "extension.js"), *(["fails"] if fails else [])]
    said = json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
    server = {"command": "python", "args": ["-m", "paramlint", "server"], "options": {"cwd": "/project"}}
    assert said[:3] == ["paramlint.restart", server, {"inlayHints": True}]
    if fails:
        assert "`python` cannot be started (ENOENT); pip install 'paramlint[lsp]'" in said[3]
    else:
        assert said[3:] == ["started", "stopped"]


# Recipes

NEOVIM = """
vim.cmd("edit net.py")
vim.bo.filetype = "python"
local found = {}
vim.wait(60000, function() found = vim.diagnostic.get(0); return #found > 0 end, 50)
for _, one in ipairs(found) do io.stdout:write(one.code .. " " .. one.lnum .. "\\n") end
local here = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = 4, character = 8 } }
local answers = vim.lsp.buf_request_sync(0, "textDocument/hover", here, 60000)
for _, one in pairs(answers or {}) do io.stdout:write(one.result.contents.value .. "\\n") end
vim.cmd("quitall!")
"""


@pytest.mark.skipif(shutil.which("nvim") is None, reason="there is no Neovim")
def test_neovim(tmp_path, environment):
    pytest.importorskip("pygls")
    (tmp_path / "net.py").write_text(BAD + "        self.gain = nn.Linear(2, 3)\n")
    (tmp_path / "recipe.lua").write_text(recipe("lua"))
    (tmp_path / "then.lua").write_text(NEOVIM)
    arguments = ["nvim", "--headless", "-u", "recipe.lua", "-c", "luafile then.lua"]
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150)
    assert "PRM401 7" in done.stdout, done
    assert "gain.weight | 3 × 2" in done.stdout


EMACS = """
(load-file "recipe.el")
(setq eglot-sync-connect t)
(find-file "net.py")
(python-mode)
(unless (eglot-current-server) (apply #'eglot (eglot--guess-contact)))
(flymake-mode 1)
(let ((end (+ 60 (float-time))))
  (while (and (null (flymake-diagnostics)) (< (float-time) end))
    (accept-process-output nil 0.1)))
(dolist (one (flymake-diagnostics))
  (princ (format "%s %s\\n" (line-number-at-pos (flymake-diagnostic-beg one)) (flymake-diagnostic-text one))))
"""


def has_eglot() -> bool:
    """Whether there is an Emacs with Eglot."""
    if shutil.which("emacs") is None:
        return False
    return subprocess.run(["emacs", "--batch", "--eval", "(require 'eglot)"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_eglot(), reason="there is no Emacs with Eglot")
def test_emacs(tmp_path, environment):
    pytest.importorskip("pygls")
    (tmp_path / "net.py").write_text(BAD)
    (tmp_path / "recipe.el").write_text(recipe("elisp"))
    (tmp_path / "then.el").write_text(EMACS)
    arguments = ["emacs", "--batch", "-l", "then.el"]
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150)
    assert re.search(r"^8 .*PRM401.*`self.blocks`", done.stdout, re.MULTILINE), done


def test_helix_can_read_its_recipe():
    tomllib = pytest.importorskip("tomllib")
    table = tomllib.loads(recipe("toml"))
    assert table["language-server"]["paramlint"]["command"] == "paramlint"
    assert "paramlint" in table["language"][0]["language-servers"]


def test_the_page_names_what_the_script_and_the_settings_are():
    assert os.access(ROOT / "scripts" / "build-vscode", os.X_OK)
    for name in json.loads((EXTENSION / "package.json").read_text())["contributes"]["configuration"]["properties"]:
        assert name in PAGE or name == "paramlint.enable"
