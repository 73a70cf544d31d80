#!/usr/bin/env bash
# terraform-init.sh FOLDER [OPTION...]: `terraform init` of a folder, from a mirror where one is, else from the registry.
# A mirror is TF_PLUGIN_DIR or one of Terraform's own mirror folders; it must hold the locked provider.
set -eu -o pipefail

folder=$1
shift

# A configuration file that is named and absent is only a warning on every call.
if [ -n "${TF_CLI_CONFIG_FILE:-}" ] && [ ! -e "$TF_CLI_CONFIG_FILE" ]; then
  unset TF_CLI_CONFIG_FILE
fi

version=$(sed -n '/hashicorp\/aws"/,/version/ s/^ *version *= *"\(.*\)"/\1/p' "$folder/.terraform.lock.hcl")

mirrors() {
  printf '%s\n' "${TF_PLUGIN_DIR:-}" "$HOME/.terraform.d/plugins" "$HOME/.local/share/terraform/plugins" \
    /usr/local/share/terraform/plugins /usr/share/terraform/plugins
  # Build machines keep mirrors elsewhere; the folder is five above the provider.
  find /opt /srv -maxdepth 7 -name 'terraform-provider-aws_*' -not -path '*/.terraform/*' 2>/dev/null \
    | sed 's|\(/[^/]*\)\{6\}$||'
}

while read -r mirror; do
  provider="$mirror/registry.terraform.io/hashicorp/aws/$version"
  if [ -n "$mirror" ] && [ -d "$provider" ]; then
    exec terraform -chdir="$folder" init -input=false -no-color -plugin-dir="$mirror" -lockfile=readonly "$@"
  fi
done < <(mirrors)

exec terraform -chdir="$folder" init -input=false -no-color "$@"
