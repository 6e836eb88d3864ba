"""Puts a mutant into a process that has everything loaded: one function's code, or a module's names everywhere."""

from __future__ import annotations

import ast
import sys
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.imports import closure, modules

OURS = ("zkaudit", "zkaudit_circuits", "tests")


def spoil(module: str, tree: ast.Module, scope: tuple[str, ...]) -> None:
    """Has the process run a module's other text: within one function, or in its whole body."""
    live = sys.modules[module]
    code = compile(tree, live.__file__ or module, "exec")
    if scope:
        function = _function(live, scope)
        function.__code__ = _code(code, scope)
    else:
        _replace(live, code)
    _forget(module)


def _function(module: ModuleType, scope: tuple[str, ...]) -> FunctionType:
    """The function that a method, a property or a cache stands for."""
    owner: Any = module
    for name in scope[:-1]:
        owner = vars(owner)[name]
    found = vars(owner)[scope[-1]]
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    elif isinstance(found, property):
        found = found.fget
    elif isinstance(found, cached_property):
        found = found.func
    found = getattr(found, "__wrapped__", found)
    assert isinstance(found, FunctionType), scope
    return found


def _code(code: CodeType, scope: tuple[str, ...]) -> CodeType:
    """The code of a function inside that of its module."""
    for name in scope:
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name)
    return code


def _replace(live: ModuleType, code: CodeType) -> None:
    """Runs a module's body again, and gives its new names to all who have imported the old ones."""
    old = {name: value for name, value in vars(live).items() if not name.startswith("__")}
    exec(code, vars(live))
    for other in [one for name, one in sys.modules.items() if name.partition(".")[0] in OURS]:
        for name, value in list(vars(other).items()):
            if name in old and value is old[name] and other is not live:
                setattr(other, name, vars(live)[name])


def forget_all() -> None:
    """Empties every cache of a function of ours."""
    for module in modules():
        if module in sys.modules:
            _empty(sys.modules[module])


def _forget(module: str) -> None:
    """Empties the caches of functions that may hold what the unspoiled module made."""
    for name in modules():
        if name in sys.modules and (name == module or module in closure(name)):
            _empty(sys.modules[name])


def _empty(module: ModuleType) -> None:
    for value in list(vars(module).values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
