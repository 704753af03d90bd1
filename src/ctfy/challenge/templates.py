"""Templates in `attachments/`: what one may name, and what is wrong with one before it is rendered.

A template is looked at, never compiled or run: that can take as long as its author likes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jinja2 import StrictUndefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ctfy.challenge.spelling import did_you_mean

MOST_TEMPLATE = 1024 * 1024
VARIABLES = ("answers", "challenge_id", "instance_id", "services")
# Attachments are plain files of any kind, not HTML: escaping would change what authors wrote.
ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True
)
del ENVIRONMENT.filters["random"], ENVIRONMENT.globals["lipsum"]
_OF_BLOCKS = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_LOADERS = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


def mistakes(text: str, answers: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """What would keep a template from being rendered: line, problem and fix of each.

    `answers`: the questions whose answers an instance holds. Raises jinja2.TemplateSyntaxError,
    RecursionError.
    """
    tree = ENVIRONMENT.parse(text)
    for node in tree.find_all(_LOADERS):
        yield node.lineno, "takes another template, and there is none", "write it out here"
    yield from _filters(tree)
    yield from _names(tree)
    yield from _answers(tree, answers)


def _filters(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        is_filter = isinstance(node, nodes.Filter)
        known: Collection[str] = ENVIRONMENT.filters if is_filter else ENVIRONMENT.tests
        if node.name not in known:
            problem = f"there is no {'filter' if is_filter else 'test'} `{node.name}`"
            yield node.lineno, problem, did_you_mean(node.name, known) or "use another one"


def _names(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    """Each name that nobody gives, once. One that is asked for by `is defined` may lack."""
    named = list(tree.find_all(nodes.Name))
    known = {*VARIABLES, *_OF_BLOCKS, *ENVIRONMENT.globals, *_made(tree)}
    known |= {node.name for node in named if node.ctx != "load"} | _may_lack(tree)
    for node in named:
        if node.name not in known:
            known.add(node.name)
            fix = did_you_mean(node.name, VARIABLES) or f"use one of: {', '.join(VARIABLES)}"
            yield node.lineno, f"nobody gives `{node.name}` to a template", fix


def _made(tree: nodes.Template) -> Iterator[str]:
    """What the template itself gives a name to, beside its variables."""
    for macro in tree.find_all(nodes.Macro):
        yield macro.name
    for taken in tree.find_all(nodes.Import):
        yield taken.target
    for several in tree.find_all(nodes.FromImport):
        for name in several.names:
            yield name if isinstance(name, str) else name[1]


def _may_lack(tree: nodes.Template) -> set[str]:
    asked = [test.node for test in tree.find_all(nodes.Test) if "defined" in test.name]
    asked += [f.node for f in tree.find_all(nodes.Filter) if f.name in ("default", "d") and f.node]
    return {node.name for node in asked if isinstance(node, nodes.Name)}


def _answers(tree: nodes.Template, answers: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Each `answers.x` of a question that has none, unless a template can do without."""
    tests = (nodes.Test, nodes.Filter)
    optional = {id(node.node) for node in tree.find_all(tests) if node.node is not None}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        wanted, is_method = "", False
        if isinstance(node, nodes.Getattr) and _is_answers(node.node):
            wanted, is_method = node.attr, hasattr(dict, node.attr)
        elif isinstance(node, nodes.Getitem) and _is_answers(node.node):
            wanted = str(node.arg.value) if isinstance(node.arg, nodes.Const) else ""
        if not wanted:
            continue
        if wanted not in answers and not is_method and id(node) not in optional:
            fix = did_you_mean(wanted, answers) or (
                f"use one of: {', '.join(sorted(answers))}"
                if answers
                else "ask a question without `answer`, or remove it"
            )
            yield node.lineno, f"no instance holds an answer `{wanted}`", fix


def _is_answers(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and node.name == "answers"
