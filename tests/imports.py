"""The import graph of the two packages, read from their source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"zkaudit": ROOT / "zkaudit", "zkaudit_circuits": ROOT / "circuits" / "zkaudit_circuits"}


VERIFIER = (
    "zkaudit.verifier",
    "zkaudit.statement",
    "zkaudit.dataset",
    "zkaudit.commitment",
    "zkaudit.claim",
    "zkaudit.errors",
)
"""What a verification imports; its closure is all that a verifier runs."""

ON_FIRST_USE = {"zkaudit"}
"""Modules that import by a computed name, each of their public names when it is first used and not before."""


@lru_cache(maxsize=1)
def modules() -> dict[str, Path]:
    """Every module of the two packages by its dotted name."""
    result = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            result[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return result


@cache
def imports_of(module: str) -> frozenset[str]:
    """What a module imports, at its top or within a function: modules of the packages, other modules by their top name.

    The packages above a module are imported with it.
    """
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set(_parents(module))
    for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= _resolved(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _base(package, node)
            found |= _resolved(base)
            # `from package import module` names a module, unless the name is one of the package's own.
            found |= {f"{base}.{alias.name}" for alias in node.names} & modules().keys()
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("__import__", "import_module")):
            assert module in ON_FIRST_USE, f"{module} imports by a computed name"
    return frozenset(found - {module})


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what only a type checker reads."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _executed(child)


def closure(*roots: str) -> frozenset[str]:
    """All that is imported, directly or not, when the roots are."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            if module in modules():
                waiting += imports_of(module)
    return frozenset(seen)


def chain(root: str, target: str) -> list[str]:
    """One way on which the root imports the target, for an error message."""
    ways = {root: [root]}
    waiting = [root]
    while waiting:
        module = waiting.pop(0)
        for imported in imports_of(module) if module in modules() else ():
            if imported not in ways:
                ways[imported] = [*ways[module], imported]
                waiting.append(imported)
    return ways.get(target, [])


def _base(package: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = ".".join(parts[: len(parts) - node.level + 1])
    return f"{above}.{node.module}" if node.module else above


def _resolved(name: str) -> set[str]:
    """A module of the packages with those above it, or the top name of another."""
    top = name.partition(".")[0]
    return {name, *_parents(name)} & modules().keys() if top in PACKAGES else {top}


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


if __name__ == "__main__":
    print(",".join(str(modules()[module]) for module in sorted(closure(*VERIFIER) & modules().keys())))
