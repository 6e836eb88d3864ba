"""The small faults: what each operator makes of a module's syntax tree.

Left alone are texts for people (whatever is raised, f-strings, documentation), annotations, decorators,
and constants that call themselves a performance knob.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

OPPOSITES: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult},
    **{ast.Mod: ast.Add, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr},
    **{ast.And: ast.Or, ast.Or: ast.And},
}
"""What an operator is taken for."""

IGNORED_ARGUMENTS = frozenset({"where", "expected", "actual", "next_step", "name", "strict"})
"""Arguments that end up in messages; and `strict` of zip, which only makes an error of lengths checked before."""

DECLARATIONS = frozenset({"annotation", "returns", "decorator_list", "bases", "keywords"})
"""Fields of definitions that say what something is and not what it does."""

Way = tuple[tuple[str, int | None], ...]
"""The fields, and the places in those that are lists, from the root of a tree to a node."""

Change = Callable[[ast.AST], ast.AST]
"""What an operator does to a node that it may alter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault: `scope` is the function or method that has it, empty for the body of a module or a class.

    `lines` are those of the statement around it, of a compound one its head; `number` tells apart faults that read
    the same in one scope, from 1.
    """

    module: str
    line: int
    lines: range
    scope: tuple[str, ...]
    before: str
    after: str
    number: int
    tree: Callable[[], ast.Module]

    @property
    def name(self) -> str:
        """What a report calls it; lines move, so none is part of it."""
        twin = f" ({self.number})" if self.number > 1 else ""
        return f"{'.'.join((self.module, *self.scope))}: {self.before} -> {self.after}{twin}"


def mutants_of(module: str, path: Path) -> Iterator[Mutant]:
    """All faults of a module, in the order of its text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen: Counter[tuple[tuple[str, ...], str, str]] = Counter()
    for way, node, scope in _places(tree, (), ()):
        for change in _changes(node):
            before, after = _shown(node), _shown(change(copy.deepcopy(node)))
            seen[scope, before, after] += 1
            yield Mutant(
                module=module,
                line=getattr(node, "lineno", 0),
                lines=_statement_lines(tree, way),
                scope=scope,
                before=before,
                after=after,
                number=seen[scope, before, after],
                tree=partial(_changed, tree, way, change),
            )


def unspoiled(module: str, path: Path) -> Mutant:
    """No fault: the body of a module as it is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Mutant(module=module, line=0, lines=range(0), scope=(), before="", after="", number=1, tree=lambda: tree)


def _changed(tree: ast.Module, way: Way, change: Change) -> ast.Module:
    """A copy of the tree with one change in it."""
    mutated = copy.deepcopy(tree)
    parent, field, index = _follow(mutated, way)
    if index is None:
        setattr(parent, field, change(getattr(parent, field)))
    else:
        values = getattr(parent, field)
        values[index] = change(values[index])
    return ast.fix_missing_locations(mutated)


def _statement_lines(tree: ast.Module, way: Way) -> range:
    """The lines of the innermost statement on the way to a place, down to where its own body begins."""
    node: Any = tree
    lines = range(0)
    for field, index in way:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = max(body[0].lineno - 1, node.lineno) if body else node.end_lineno
            lines = range(node.lineno, last + 1)
    return lines


def _shown(node: ast.AST) -> str:
    """The first line of a piece of code."""
    return ast.unparse(node).splitlines()[0][:120]


def _follow(tree: ast.AST, way: Way) -> tuple[ast.AST, str, int | None]:
    """The parent of a place, and where in it the place is."""
    node = tree
    for field, index in way[:-1]:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
    return node, *way[-1]


Place = tuple[Way, ast.AST, tuple[str, ...]]
"""The way from the root to a node, the node, and the outermost function around it."""


def _places(node: ast.AST, way: Way, scope: tuple[str, ...], function: bool = False) -> Iterator[Place]:
    """Every node that may be changed below another one."""
    if isinstance(node, (ast.Raise, ast.JoinedStr)):
        return
    knobs = set(_knobs(node))
    for field, value in ast.iter_fields(node):
        if field in DECLARATIONS and not isinstance(node, ast.Call):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or (field, index) in knobs or _is_text(child):
                continue
            if _is_label(node, field, index):
                continue
            here = (*way, (field, index))
            yield here, child, scope if function else ()
            if _is_free_length(node, child):
                continue
            if isinstance(child, ast.FunctionDef) and not function:
                yield from _function_places(child, here, (*scope, child.name))
            elif isinstance(child, ast.ClassDef) and not function:
                yield from _places(child, here, (*scope, child.name))
            else:
                yield from _places(child, here, scope, function)


def _is_label(node: ast.AST, field: str, index: int | None) -> bool:
    """The name of a constraint, which only its refusal shows."""
    called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return called == "require_zero" and (field, index) == ("args", 0)


def _is_free_length(node: ast.AST, child: ast.AST) -> bool:
    """The -1 of a reshape, for which numpy takes any other negative number as well."""
    reshape = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reshape"
    return reshape and isinstance(child, ast.UnaryOp) and ast.unparse(child) == "-1"


def _function_places(node: ast.FunctionDef, way: Way, scope: tuple[str, ...]) -> Iterator[Place]:
    """The body of an outermost function, in its scope, and its defaults, in none."""
    positional = [*node.args.posonlyargs, *node.args.args][-len(node.args.defaults) or None :]
    for field, arguments, values in (
        ("defaults", positional, node.args.defaults),
        ("kw_defaults", node.args.kwonlyargs, node.args.kw_defaults),
    ):
        for index, (argument, child) in enumerate(zip(arguments, values, strict=False)):
            if child is not None and argument.arg not in IGNORED_ARGUMENTS:
                here = (*way, ("args", None), (field, index))
                yield here, child, ()
    body = ast.Module(body=node.body, type_ignores=[])
    for inner_way, child, _ in _places(body, (), scope, True):
        yield (*way, *inner_way), child, scope


def _knobs(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The assignments whose documentation says that they are performance knobs."""
    body = getattr(node, "body", None)
    if isinstance(body, list):
        for index, (statement, text) in enumerate(pairwise(body)):
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and _is_text(text):
                assert isinstance(text, ast.Expr)
                assert isinstance(text.value, ast.Constant)
                if "Performance knob" in text.value.value:
                    yield "body", index


def _is_text(node: ast.AST) -> bool:
    """Documentation, or an argument of a message."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.keyword) and node.arg in IGNORED_ARGUMENTS


def _changes(node: ast.AST) -> Iterator[Change]:
    """The ways to spoil one node."""
    if isinstance(node, (ast.cmpop, ast.operator, ast.unaryop, ast.boolop)):
        return
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            yield _with_item("ops", index, OPPOSITES[type(operator)]())
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPPOSITES:
        yield _with("op", OPPOSITES[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _with("op", OPPOSITES[type(node.op)]())
        for index in range(len(node.values)):
            yield _without_value(index)
    elif isinstance(node, ast.UnaryOp):
        yield lambda copied: copied.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield _with("test", ast.Constant(True))
        yield _with("test", ast.Constant(False))
    elif isinstance(node, ast.comprehension):
        for index in range(len(node.ifs)):
            yield _with_item("ifs", index, ast.Constant(True))
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield lambda copied: ast.copy_location(ast.Pass(), copied)


def _constants(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield lambda copied: ast.copy_location(ast.Constant(not value), copied)
    elif isinstance(value, (int, float)):
        yield lambda copied: ast.copy_location(ast.Constant(value + 1), copied)
        if value > 1:
            yield lambda copied: ast.copy_location(ast.Constant(value - 1), copied)
    elif isinstance(value, (str, bytes)):
        other = value + ("x" if isinstance(value, str) else b"x")  # type: ignore[operator]
        yield lambda copied: ast.copy_location(ast.Constant(other), copied)


def _with(field: str, value: ast.AST) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, field, value)
        return node

    return change


def _with_item(field: str, index: int, value: ast.AST) -> Change:
    def change(node: ast.AST) -> ast.AST:
        getattr(node, field)[index] = value
        return node

    return change


def _without_value(index: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.BoolOp)
        del node.values[index]
        return node.values[0] if len(node.values) == 1 else node

    return change
