#!/usr/bin/env bash
# deploy.sh staging COMMIT | deploy.sh prod COMMIT GIT_TAG: builds and pushes where needed, then releases.
set -eu -o pipefail

environment=$1
commit=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
export PYTHONPATH="$root/infra${PYTHONPATH:+:$PYTHONPATH}"

case "$environment" in
  staging) tag=$("$python" -m delivery staging-tag --commit "$commit") ;;
  prod) tag=$("$python" -m delivery release-tag --git-tag "$3") ;;
  *) echo "deploy.sh staging COMMIT | deploy.sh prod COMMIT GIT_TAG" >&2; exit 2 ;;
esac

"$root/infra/scripts/publish-image.sh" "bluemoxon-$environment" "$tag"
# In this process: whoever ends it ends the release, which then moves back.
exec "$python" -m delivery deploy --prefix "bluemoxon-$environment" --tag "$tag" --commit "$commit" \
  --watch-seconds "${WATCH_SECONDS:-180}"
