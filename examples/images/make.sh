#!/bin/sh
# Makes the images that nodes and the examples' Dockerfiles name from Debian packages, where they
# cannot be pulled. Needs root, mmdebstrap and a Docker engine.
set -eu

if ! docker info >/dev/null 2>&1; then
  echo "no images: no Docker engine answers" >&2
  exit 1
fi
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT

make_image() {
  image=$1 packages=$2 command=$3
  if docker image inspect "$image" >/dev/null 2>&1; then
    return
  fi
  if docker pull --quiet "$image" 2>/dev/null; then
    return
  fi
  echo "making $image from Debian packages"
  # Not through a pipe: of nothing, an engine would make an empty image.
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm - >"$archive"
  docker import --change "CMD [\"$command\"]" "$archive" "$image"
}

make_image python:3.11-slim python3-minimal,python3,ca-certificates python3
# The VPN servers of challenges with `network_topology: engagement`.
make_image ctfy/openvpn:2.6 openvpn,iptables,iproute2 openvpn
