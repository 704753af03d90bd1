"""`sandbox`: one process in bubblewrap namespaces, no container engine."""

from ctfy.node.providers.sandbox.provider import SandboxProvider

PROVIDER = SandboxProvider
