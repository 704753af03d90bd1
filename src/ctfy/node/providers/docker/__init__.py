"""`docker`: the challenge's own compose file, with our limits on it."""

from ctfy.node.providers.docker.provider import DockerProvider

PROVIDER = DockerProvider
