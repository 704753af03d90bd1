"""Challenge folders: the `metadata.yaml` model, discovery, rendering, audit."""
