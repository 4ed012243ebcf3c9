#!/bin/sh
# Make the secrets of the cluster form once; what is already there is kept.
set -eu
cd "$(dirname "$0")/../.."
test -x .venv/bin/yizhan || make .venv/.run-stamp
exec .venv/bin/yizhan secrets deploy/compose/secrets --env-file .env
