"""Puts a mutant into a process that has everything loaded: one function's code, or a module that is imported anew."""

from __future__ import annotations

import ast
import sys
from functools import cached_property
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.imports import closure, modules

OURS = ("zkaudit", "zkaudit_circuits", "tests")

TESTS = str(Path(__file__).parents[1])
"""Files of tests in folders that are no packages are modules without the name of the folder."""


def spoil_function(module: str, tree: ast.Module, scope: tuple[str, ...]) -> None:
    """Has the process run a function's code from a module's other text."""
    live = sys.modules[module]
    _function(live, scope).__code__ = _code(compile(tree, live.__file__ or module, "exec"), scope)
    _forget(module)


def spoil_body(module: str, tree: ast.Module) -> None:
    """Unloads all that is ours, so that what is imported from now on is made by a module's other text.

    Running the text in the loaded module would make its classes a second time, beside those that others hold.
    """
    sys.meta_path.insert(0, _Finder(module, tree))
    for name, loaded in list(sys.modules.items()):
        if name.partition(".")[0] in OURS or str(getattr(loaded, "__file__", "")).startswith(TESTS):
            del sys.modules[name]


class _Finder(MetaPathFinder):
    """Finds one module, with another text than that of its file."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._code = compile(tree, str(modules()[module]), "exec")

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        file = modules()[fullname]
        packages = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(fullname, str(file), self._code)
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=packages)


class _Loader(SourceFileLoader):
    """Loads a code that was compiled before."""

    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._given = code

    def get_code(self, fullname: str) -> CodeType:
        return self._given


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
