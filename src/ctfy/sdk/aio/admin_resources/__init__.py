"""The namespaces of `AdminClient`, a file each."""
