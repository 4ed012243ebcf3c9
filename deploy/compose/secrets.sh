#!/bin/sh
# Make the secrets of the cluster form once; what is already there is kept.
set -eu
cd "$(dirname "$0")/../.."
make --silent .venv/.run-stamp  # made again when the pinned libraries change
exec .venv/bin/yizhan secrets deploy/compose/secrets --env-file .env
