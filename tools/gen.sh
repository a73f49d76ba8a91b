#!/usr/bin/env bash
# Generates the Python stubs from proto/: the till's contract into clients/python/tillhal/v1, the
# simulator's into hwsim/hwsim/v1. Uses the oldest supported generator in an environment of its own,
# so that the stubs load under every newer runtime.
# With --check it writes nothing and fails if the committed stubs are not what it would write.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! .venv-gen/bin/python -c 'import grpc_tools, mypy_protobuf' 2>/dev/null; then
  "${PYTHON:-python3}" -m venv .venv-gen
  .venv-gen/bin/pip install --quiet --disable-pip-version-check -r tools/gen-requirements.txt
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
PATH="$PWD/.venv-gen/bin:$PATH" .venv-gen/bin/python -m grpc_tools.protoc -Iproto \
  --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" --mypy_grpc_out="quiet:$out" \
  proto/tillhal/v1/*.proto proto/hwsim/v1/*.proto
rm -f "$out"/tillhal/v1/types_pb2_grpc.py* # it has no service
for package in tillhal hwsim; do
  echo '"""The wire types of the contract, generated from proto/'$package'/v1 by `make gen`."""' >"$out/$package/v1/__init__.py"
done
for pair in tillhal:clients/python/tillhal/v1 hwsim:hwsim/hwsim/v1; do
  made="$out/${pair%%:*}/v1" kept="${pair#*:}"
  if [ "${1:-}" = --check ]; then
    diff -r -x __pycache__ "$made" "$kept" || {
      echo "The generated code is not up to date: run make gen." >&2
      exit 1
    }
  else
    rm -rf "$kept"
    mkdir -p "$kept"
    cp "$made"/* "$kept/"
  fi
done
