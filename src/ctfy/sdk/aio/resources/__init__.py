"""The namespaces of `PlatformClient`, a file each."""
