#!/usr/bin/env bash
# roll-back.sh staging|prod TAG: goes live with an image that was pushed before. Nothing is built or migrated.
set -eu -o pipefail

environment=$1
tag=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
export PYTHONPATH="$root/infra${PYTHONPATH:+:$PYTHONPATH}"

# v1.2.3 is a git tag, v1.2.3-0a1b2c3 ends in a commit.
commit=$(git -C "$root" rev-parse --verify --quiet "${tag##*-}^{commit}") \
  || { echo "$tag names no commit of this repository" >&2; exit 1; }

# In this process: whoever ends it ends the release, which then moves back.
exec "$python" -m delivery roll-back --prefix "bluemoxon-$environment" --tag "$tag" --commit "$commit" \
  --watch-seconds "${WATCH_SECONDS:-180}"
