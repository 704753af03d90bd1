"""A contract for import-linter that says what a package may import, not what it may not."""

from __future__ import annotations

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class Allowed(Contract):
    """Modules import of ours only `allowed_modules`, and of others only `allowed_packages`.

    Each name stands for a package with all that is in it; without `allowed_packages` any other
    distribution may be used. The standard library always may.
    """

    source_modules = fields.ListField(subfield=fields.StringField())
    allowed_modules = fields.ListField(subfield=fields.StringField())
    allowed_packages = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every direct import that is not allowed, as (importer, imported)."""
        root = self.session_options["root_packages"][0]
        sources: list[str] = list(self.source_modules)
        ours = [*self.allowed_modules, *sources]
        others: list[str] | None = (
            list(self.allowed_packages) if self.allowed_packages is not None else None
        )
        wrong = []
        for importer in sorted(graph.modules):
            if not _within(importer, sources):
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if imported == root:  # the version alone
                    continue
                if _within(imported, [root]):
                    allowed = _within(imported, ours)
                else:
                    allowed = others is None or _standard(imported) or _within(imported, others)
                if not allowed:
                    wrong.append((importer, imported))
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print them."""
        for importer, imported in check.metadata["wrong"]:
            output.print_error(f"{importer} may not import {imported}")


def _within(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
