"""A challenge's compose file: what it says here, and where it asks for what it may not have.

What is read is what runs: the audit, the node and the renderer have one model (`model`), made of
the file (`file`) after its merge keys, aliases and variables (`values`) are resolved. Everything
that is not named here is refused: what Compose learns next must not reach a host before somebody
has looked at it. What a service may have is in `services`, of its process in `process`, of its
mounts in `mounts`.
"""

from __future__ import annotations
