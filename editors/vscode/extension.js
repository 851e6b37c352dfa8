// Starts `paramlint server` and hands it to VS Code; all that is known of Python and of models is in the server.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const SECTION = "paramlint";
let client;

async function start() {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const [command, ...first] = settings.get("command");
  if (!settings.get("enable") || !command) {
    return;
  }
  const folder = vscode.workspace.workspaceFolders?.[0];
  const server = { command, args: [...first, "server"], options: { cwd: folder?.uri.fsPath } };
  client = new LanguageClient(SECTION, "paramlint", server, {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "vscode-notebook-cell", language: "python" },
    ],
    initializationOptions: { inlayHints: settings.get("inlayHints") },
    synchronize: {
      configurationSection: SECTION,
      fileEvents: vscode.workspace.createFileSystemWatcher("**/{pyproject.toml,paramlint.toml}"),
    },
  });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(
      `paramlint: \`${command}\` cannot be started (${error.message}); pip install 'paramlint[lsp]', or set paramlint.command`
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("paramlint.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.command`) || event.affectsConfiguration(`${SECTION}.enable`)) {
        return restart();
      }
    })
  );
  await start();
}

module.exports = { activate, deactivate: stop };
