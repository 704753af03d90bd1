"""Writes the asynchronous client, `ctfy.sdk.aio`, from the synchronous one.

usage: async_sdk.py [--check]

The synchronous modules are the only ones written by hand. A method becomes a coroutine when it
waits for the network, directly or through a method of its class; what does not change is imported.
With --check nothing is written, and the exit code is 1 when the twin is not up to date.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).parent.parent / "src" / "ctfy" / "sdk"
TWIN = SDK / "aio"
MODULES = [
    "base",
    "events",
    "client",
    "node",
    "admin",
    *(
        str(path.relative_to(SDK).with_suffix(""))
        for folder in ("resources", "admin_resources", "competition")
        for path in sorted((SDK / folder).glob("*.py"))
    ),
]
HEADER = "# Written by tools/async_sdk.py from {source}.\n# Change that file, then run the tool.\n"

# Calls that wait, by the dotted name they are made through; and what they are called here.
WAITING = {
    "time.sleep": "asyncio.sleep",
    "response.read": "response.aread",
    "self.http.close": "self.http.aclose",
    "self._client.close": "self._client.aclose",
    "self.http.request": "self.http.request",
    "self.fetch": "self.fetch",
    "self._http.close": "self._http.close",
    "self._http.call": "self._http.call",
    "self._http.fetch": "self._http.fetch",
    "self._http.fetch_page": "self._http.fetch_page",
    "self._http.request": "self._http.request",
}
ENTERED = {
    "_within": "asyncio.timeout",
    "self._client.stream": "self._client.stream",
    "self._http.http.stream": "self._http.http.stream",
}
ITERATED = {"EventSource.iter_sse": "aiter_sse", "response.iter_raw": "aiter_raw"}
DUNDERS = {"__enter__": "__aenter__", "__exit__": "__aexit__", "__iter__": "__aiter__"}
CLASSES = {
    "PlatformClient": "AsyncPlatformClient",
    "AdminClient": "AsyncAdminClient",
    "BaseHttpClient": "AsyncBaseHttpClient",
    "Closable": "AsyncClosable",
    "EventStream": "AsyncEventStream",
    "TypedNodeClient": "AsyncNodeClient",
}


def dotted(node: ast.expr) -> str:
    """`self._http.fetch` for the expression of that name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def is_generator(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Yield) for node in ast.walk(function))


def waits(function: ast.FunctionDef, coroutines: set[str]) -> bool:
    """Whether a method waits for the network, knowing which of its class's do."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in WAITING or name in ENTERED:
                return True
            if name.startswith("self.") and name[5:] in coroutines:
                return True
    return function.name in DUNDERS


class Twin(ast.NodeTransformer):
    """Rewrites one class."""

    def __init__(self, coroutines: set[str], generators: set[str]) -> None:
        self.coroutines = coroutines
        self.generators = generators

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        waiting = node.name in self.coroutines
        self.generic_visit(node)
        strip_example(node)
        if not waiting:
            if "self._http.pages" in ast.unparse(node):  # which waits as it is iterated
                node.returns = iterated(node.returns)
            return node
        name = DUNDERS.get(node.name, node.name)
        if is_generator(node):
            node.returns = iterated(node.returns)
        fields = {f: getattr(node, f, None) for f in node._fields}
        fields["name"] = name
        return ast.copy_location(ast.AsyncFunctionDef(**fields), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if any(alias.name in CLASSES for alias in node.names):
            node.module = (node.module or "").replace("ctfy.sdk", "ctfy.sdk.aio", 1)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = dotted(node.func)
        self.generic_visit(node)
        if name in WAITING:
            node.func = ast.parse(WAITING[name], mode="eval").body
            return ast.Await(node)
        own = name.removeprefix("self.") if name.startswith("self.") else ""
        if own in self.coroutines and own not in self.generators:
            return ast.Await(node)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        call = node.iter
        waiting = False
        if isinstance(call, ast.Call):
            name = dotted(call.func)
            waiting = name.startswith("self.") and name[5:] in self.generators
            if isinstance(call.func, ast.Attribute):
                of = call.func.value
                key = f"{dotted(of.func if isinstance(of, ast.Call) else of)}.{call.func.attr}"
                if key in ITERATED:
                    call.func.attr, waiting = ITERATED[key], True
        self.generic_visit(node)
        if not waiting:
            return node
        return ast.copy_location(ast.AsyncFor(node.target, node.iter, node.body, node.orelse), node)

    def visit_With(self, node: ast.With) -> ast.AST:
        waiting = False
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and dotted(call.func) in ENTERED:
                call.func = ast.parse(ENTERED[dotted(call.func)], mode="eval").body
                waiting = True
        self.generic_visit(node)
        return ast.copy_location(ast.AsyncWith(node.items, node.body), node) if waiting else node


def iterated(returns: ast.expr | None) -> ast.expr | None:
    """The annotation of what is iterated, for what is waited for meanwhile."""
    if returns is None:
        return None
    return ast.parse(ast.unparse(returns).replace("Iter", "AsyncIter"), mode="eval").body


def strip_example(node: ast.FunctionDef | ast.ClassDef) -> None:
    """Take the `>>>` lines out of a docstring: they show the synchronous client."""
    first = node.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return
    text = str(first.value.value)
    kept = [
        block for block in re.split(r"\n\s*\n", text.strip()) if not block.strip().startswith(">>>")
    ]
    docstring = "\n\n".join(kept).strip()
    first.value.value = docstring + "\n" + " " * 8 if "\n" in docstring else docstring


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [item for item in node.body if isinstance(item, ast.FunctionDef)]


def coroutines_of(node: ast.ClassDef) -> set[str]:
    """The methods of a class that wait, in the end."""
    found: set[str] = set()
    if "Closable" in {dotted(base) for base in node.bases} or node.name == "Closable":
        found |= {"close"}
    while True:
        more = {m.name for m in methods(node) if waits(m, found)}
        if more <= found:
            return found
        found |= more


def names_in(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"\w+", node.value)
        if name in CLASSES
    }


def module_name(name: str) -> str:
    return "ctfy.sdk." + name.replace("/", ".").removesuffix(".__init__")


def changed_classes(tree: ast.Module, known: dict[str, set[str]]) -> list[ast.ClassDef]:
    """The classes that wait, or hold ones that do."""
    everywhere = {name for names in known.values() for name in names}
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and (coroutines_of(node) or names_in(node) & everywhere)
    ]


def imported(node: ast.ImportFrom, used: set[str], known: dict[str, set[str]]) -> list[str]:
    """What a twin has instead of one line of imports."""
    lines = []
    for alias in node.names:
        if alias.name in known.get(node.module or "", set()):
            home = (node.module or "").replace("ctfy.sdk", "ctfy.sdk.aio", 1)
            lines.append(f"from {home} import {alias.name}")
        elif (alias.asname or alias.name) in used or "AsyncIterator" in used:
            lines.append(f"from {node.module} import {alias.name}")
        if alias.name == "Iterator" and "AsyncIterator" in used:
            lines.append(f"from {node.module} import AsyncIterator")
    return lines


def twin(name: str, known: dict[str, set[str]]) -> str:
    """The source of one module's twin; `known` says which classes each module's twin has."""
    source = (SDK / f"{name}.py").read_text()
    tree = ast.parse(source)
    classes = changed_classes(tree, known)
    body: list[ast.stmt] = []
    for node in classes:
        coroutines = coroutines_of(node)
        generators = {m.name for m in methods(node) if m.name in coroutines and is_generator(m)}
        strip_example(node)
        body.append(Twin(coroutines, generators).visit(node))
    used = set().union(*(names_in(node) for node in body), {"annotations"})
    lines = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            lines += imported(node, used, known)
        elif isinstance(node, ast.Import):
            lines.append(ast.unparse(node))
        elif isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING":
            inner = [i for i in node.body if isinstance(i, ast.ImportFrom)]
            lines.append("from typing import TYPE_CHECKING\nif TYPE_CHECKING:")
            lines += [f"    {line}" for item in inner for line in imported(item, used, known)]
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if node.name in used and node not in classes:
                lines.append(f"from {module_name(name)} import {node.name}")
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            wanted = [target for target in map(dotted, targets) if target in used]
            lines += [f"from {module_name(name)} import {target}" for target in wanted]
    docstring = ast.get_docstring(tree) or ""
    text = "\n\n\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in body)
    text = text.replace("httpx.Client", "httpx.AsyncClient")
    text = text.replace("httpx.BaseTransport", "httpx.AsyncBaseTransport")
    imports = "\n".join(["import asyncio", *lines])
    header = HEADER.format(source=f"ctfy/sdk/{name}.py")
    whole = f'{header}"""{docstring}"""\n\n{imports}\n\n\n{text}\n'
    for old, new in CLASSES.items():
        whole = re.sub(rf"\b{old}\b", new, whole)
    return whole


def formatted(source: str) -> str:
    for arguments in (["check", "--fix", "-q", "--select", "I,F401"], ["format", "-q"]):
        command = ["ruff", *arguments, "--stdin-filename", str(TWIN / "x.py"), "-"]
        source = subprocess.run(
            command, input=source, capture_output=True, text=True, check=True
        ).stdout
    return source


def main() -> int:
    check = "--check" in sys.argv
    known: dict[str, set[str]] = {}
    while True:  # a class that holds one that waits has a twin, too
        before = dict(known)
        for name in MODULES:
            tree = ast.parse((SDK / f"{name}.py").read_text())
            known[module_name(name)] = {node.name for node in changed_classes(tree, known)}
        if known == before:
            break
    stale = []
    for name in MODULES:
        path = TWIN / f"{name}.py"
        if known[module_name(name)]:
            text = formatted(twin(name, known))
        elif name.endswith("__init__"):
            text = (SDK / f"{name}.py").read_text()
        else:
            continue
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and stale:
        print("not up to date, run tools/async_sdk.py:", *stale, sep="\n  ")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
