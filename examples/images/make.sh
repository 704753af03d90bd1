#!/bin/sh
# Makes the base images that the examples' Dockerfiles name from Debian packages, where they cannot
# be pulled. Needs root, mmdebstrap and a Docker engine.
set -eu
image=python:3.11-slim
if docker image inspect "$image" >/dev/null 2>&1; then
  echo "$image is here already"
  exit 0
fi
if docker pull --quiet "$image" 2>/dev/null; then
  exit 0
fi
echo "making $image from Debian packages"
mmdebstrap --quiet --variant=minbase --include=python3-minimal,python3,ca-certificates \
  bookworm - | docker import --change 'CMD ["python3"]' - "$image"
