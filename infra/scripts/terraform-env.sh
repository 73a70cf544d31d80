#!/usr/bin/env bash
# terraform-env.sh plan|apply|drift staging|prod: one environment, with its own state and settings.
#
#   plan   shows what an apply would do, and fails where it would delete what must stay
#   apply  plans, checks, applies, and brings the new settings live with the running image
#   drift  fails with 3 where the account is not what the configuration says
set -eu -o pipefail

command=${1:-}
environment=${2:-}
case "$command/$environment" in
  plan/staging | plan/prod | apply/staging | apply/prod | drift/staging | drift/prod) ;;
  *) sed -n 's/^# \{0,1\}//; 2,6p' "$0" >&2; exit 2 ;;
esac

infra=$(cd "$(dirname "$0")/.." && pwd)
folder=$infra/terraform
python=${PYTHON:-$infra/../.venv/bin/python}
export PYTHONPATH="$infra${PYTHONPATH:+:$PYTHONPATH}"

if [ -n "${TF_CLI_CONFIG_FILE:-}" ] && [ ! -e "$TF_CLI_CONFIG_FILE" ]; then
  unset TF_CLI_CONFIG_FILE
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$infra/scripts/terraform-init.sh" "$folder" -reconfigure "-backend-config=backends/$environment.hcl" > "$work/init" 2>&1 \
  || { cat "$work/init" >&2; exit 1; }

status=0
terraform -chdir="$folder" plan -input=false -no-color -detailed-exitcode -lock-timeout=5m \
  "-var-file=envs/$environment.tfvars" "-out=$work/plan" || status=$?
# 0: nothing to do, 2: changes, anything else: no plan.
[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || exit 1

if [ "$command" = drift ]; then
  [ "$status" -eq 0 ] || { echo "$environment is not what the configuration says" >&2; exit 3; }
  exit 0
fi

terraform -chdir="$folder" show -json "$work/plan" > "$work/plan.json"
"$python" -m delivery check-plan "$work/plan.json"
[ "$command" = apply ] || exit 0

terraform -chdir="$folder" apply -input=false -no-color "$work/plan"
rm -rf "$work"
# In this process: whoever ends it ends the release, which then moves back.
exec "$python" -m delivery settle --prefix "bluemoxon-$environment" --watch-seconds "${WATCH_SECONDS:-180}"
