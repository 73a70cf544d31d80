#!/usr/bin/env bash
# publish-image.sh PREFIX TAG: builds the image and pushes it, unless the repository has the tag already.
set -eu -o pipefail

prefix=$1
tag=$2
base=public.ecr.aws/lambda/python:3.12
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
export PYTHONPATH="$root/infra${PYTHONPATH:+:$PYTHONPATH}"

# Tags are immutable: a second push of one is refused, so a workflow that runs again must not try.
exists=$("$python" -m delivery image-exists --prefix "$prefix" --tag "$tag")
if [ "$exists" = yes ]; then
  echo "$tag is in the repository already"
  exit 0
fi

uri=$("$python" -m delivery image-uri --prefix "$prefix" --tag "$tag")
# By digest, which the image's label keeps: what was built on can be told of every release.
docker pull --quiet --platform linux/amd64 "$base" > /dev/null
digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$base")
options=(--platform linux/amd64 --build-arg "VERSION=$tag" --build-arg "BASE_IMAGE=$digest" --tag "$uri")
# Lambda takes a plain image, not an index with attestations; only buildx adds them, and only it knows the options.
if docker buildx version > /dev/null 2>&1; then
  options+=(--provenance=false --sbom=false)
fi
# Into the engine itself, from where it is pushed: no builder of its own that would keep the result.
docker build "${options[@]}" "$root"

"$python" -m delivery registry-password --prefix "$prefix" \
  | docker login --username AWS --password-stdin "${uri%%/*}"
docker push "$uri"
