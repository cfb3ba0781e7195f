#!/usr/bin/env bash
# The tests of publishing with three generations of the Hub's client, each in a fresh environment of its own.
#
#     tests/publish/three_clients.sh [arguments of pytest]
#
# CLIENTS chooses the versions. Environments go to a temporary folder, or stay in PLACE.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${PLACE:-}" ]; then
  PLACE=$(mktemp -d)
  trap 'rm -rf "$PLACE"' EXIT
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
for version in ${CLIENTS:-0.36.* 1.* 2.*}; do
  environment=$PLACE/${version%.\*}
  [ -d "$environment" ] || python3 -m venv "$environment"
  "$environment/bin/pip" install . "huggingface_hub==$version" datasets aiohttp psutil pytest
  echo "── huggingface_hub $("$environment/bin/python" -c 'import huggingface_hub as hub; print(hub.__version__)')"
  "$environment/bin/python" -m pytest -p no:cacheprovider tests/stores/test_hub.py \
    tests/publish/test_{publish,faults,refusals,reading_back,as_it_goes}.py "$@"
done
