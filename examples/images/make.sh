#!/bin/sh
# Makes the images that nodes and the examples' Dockerfiles name from Debian packages, where they
# cannot be pulled. Needs root, mmdebstrap and a Docker engine.
set -eu

make_image() {
  image=$1 packages=$2 command=$3
  if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image is here already"
    return
  fi
  if docker pull --quiet "$image" 2>/dev/null; then
    return
  fi
  echo "making $image from Debian packages"
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm - \
    | docker import --change "CMD [\"$command\"]" - "$image"
}

make_image python:3.11-slim python3-minimal,python3,ca-certificates python3
# The VPN servers of challenges with `network_topology: engagement`.
make_image ctfy/openvpn:2.6 openvpn,iptables,iproute2 openvpn
