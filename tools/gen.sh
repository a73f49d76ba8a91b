#!/usr/bin/env bash
# Generates the Python stubs from proto/ into clients/python/tillhal/v1. Uses the oldest supported
# generator in an environment of its own, so that the stubs load under every newer runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-clients/python}
if [ ! -x .venv-gen/bin/python ] || ! .venv-gen/bin/python -c 'import grpc_tools, mypy_protobuf' 2>/dev/null; then
  python3 -m venv .venv-gen
  .venv-gen/bin/pip install --quiet --disable-pip-version-check -r tools/gen-requirements.txt
fi
mkdir -p "$out/tillhal/v1"
rm -f "$out"/tillhal/v1/*_pb2*.py*
PATH="$PWD/.venv-gen/bin:$PATH" .venv-gen/bin/python -m grpc_tools.protoc -Iproto \
  --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" --mypy_grpc_out="$out" \
  proto/tillhal/v1/*.proto
