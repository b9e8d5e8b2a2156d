#!/usr/bin/env bash
# Fetches a headless Chromium from npm into a folder, and prints the path of its program.
#
#     site/browser.sh FOLDER
set -euo pipefail
folder=$1
mkdir -p "$folder"
npm install --prefix "$folder" --no-audit --no-fund --silent @sparticuz/chromium@147 >&2
cd "$folder"
TMPDIR=$folder node --input-type=module \
    -e 'import found from "@sparticuz/chromium"; console.log(await found.executablePath())'
