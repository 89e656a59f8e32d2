"""Faults of Python code, out of its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from cocodla.mutate.mutant import Mutant

OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Add: ("-",), ast.Sub: ("+",), ast.Mult: ("+",), ast.FloorDiv: ("*",), ast.Mod: ("//",), ast.LShift: (">>",),
    ast.RShift: ("<<",), ast.BitAnd: ("|",), ast.BitOr: ("&",), ast.BitXor: ("|",),
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",),
    ast.NotEq: ("==",), ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",), ast.IsNot: ("is",),
}  # fmt: skip
_TEXTS = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
"""What only words depend on."""
_ONCE = ("cache", "lru_cache")
"""Decorators of functions that only the first of the tests calls that depend on them."""


@dataclass(frozen=True)
class PythonMutant:
    """A mutant, and the line where the function that it is in begins as Python counts it (0: none, the module)."""

    mutant: Mutant
    function: int


def mutants_of(text: str, name: str) -> list[PythonMutant]:
    """Every mutant of a Python file. Annotations, messages, assertions and text are left out."""
    walker = _Walker(text, name)
    walker.visit(ast.parse(text), 0)
    return walker.found


class _Walker:
    def __init__(self, text: str, name: str) -> None:
        self.data, self.name = text.encode(), name
        self.lines = text.splitlines()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[PythonMutant] = []
        self.site = 0

    def visit(self, node: ast.AST, function: int) -> None:
        """Take down the mutants of a node and those below it."""
        if isinstance(node, _TEXTS):
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            function = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if any(text.split("(")[0].split(".")[-1] in _ONCE for text in decorators):
                function = 0
            for statement in node.body:
                self.visit(statement, function)
            return
        self.site += 1
        for kind, place, new in self.changes(node):
            self.add(kind, place, new, function)
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.visit(child, function)

    def add(self, kind: str, place: ast.expr | ast.stmt, new: str, function: int) -> None:
        """Take down one mutant."""
        start, end = self.span(place)
        old = self.data[start:end].decode()
        text = self.lines[place.lineno - 1].strip()
        mutant = Mutant(kind, self.name, start, end, place.lineno, text, old, new, self.site)
        self.found.append(PythonMutant(mutant, function))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """First byte of a node, and the one behind its last."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr) -> str:
        """The text of an expression."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def changes(self, node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
        """(kind, node to replace, text) of the faults of a node."""
        if isinstance(node, ast.BinOp):
            left, right = self.text(node.left), self.text(node.right)
            for operator in OPERATORS.get(type(node.op), ()):
                yield "operator", node, f"(({left}) {operator} ({right}))"
            if isinstance(node.op, ast.Sub):
                yield "swapped", node, f"(({right}) - ({left}))"
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.text(node.left), self.text(node.comparators[0])
            for operator in COMPARISONS[type(node.ops[0])]:
                yield "operator", node, f"(({left}) {operator} ({right}))"
        elif isinstance(node, ast.BoolOp):
            joined = " or " if isinstance(node.op, ast.And) else " and "
            yield "operator", node, f"({joined.join(f'({self.text(value)})' for value in node.values)})"
            for value in node.values:
                yield "dropped", node, f"({self.text(value)})"
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield "constant", node, f"({node.value + 1})"
            if node.value:
                yield "constant", node, f"({node.value - 1})"
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield "condition", node.test, f"(not ({self.text(node.test)}))"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
            yield "operator", node, f"({self.text(node.operand)})"
        elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            yield "statement", node, "pass"
        elif isinstance(node, ast.Call) and len(node.args) == 2 and not isinstance(node.args[1], ast.Starred):
            yield from self.swapped(node)

    def swapped(self, node: ast.Call) -> Iterator[tuple[str, ast.expr, str]]:
        """The two arguments of a call change places."""
        first, second = (self.text(item) for item in node.args)
        if first != second and not isinstance(node.args[0], ast.Starred):
            start, end = self.span(node)
            a, b = self.span(node.args[0]), self.span(node.args[1])
            parts = [self.data[start : a[0]].decode(), second, self.data[a[1] : b[0]].decode(), first]
            yield "swapped", node, "".join([*parts, self.data[b[1] : end].decode()])
