#!/bin/sh
# Makes Inter-Regular.ttf, Inter-Bold.ttf and OFL.txt beside this file again, byte for byte. See README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent inter-ui@4.1.1 >/dev/null
echo "e392e4d71f18a7c1f23dfecd833d68fa05eeab41862686584e80fd2b5d87e9c0  inter-ui-4.1.1.tgz" | sha256sum --check --quiet
tar xzf inter-ui-4.1.1.tgz
python3 -m venv venv
venv/bin/pip install --quiet fonttools==4.68.0 brotli==1.2.1
venv/bin/python "$here/subset.py" package "$here"
cp package/LICENSE.txt "$here/OFL.txt"
