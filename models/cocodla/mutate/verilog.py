"""Places of a Verilog file where a fault can be chosen while a simulation runs, out of slang's syntax tree.

Only what is evaluated at run time is looked at: right sides, conditions, indices, assignments and inputs of instances.
Parameters, ranges of declarations, generate conditions, heads of loops and labels of cases have to be constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.errors import UserError

Node = Any
"""A node of slang's tree: its classes have no type hints."""

CONSTANT = ("ParameterDeclaration", "VariableDimension", "ParameterValueAssignment")
"""Kinds of nodes in which functions are called at elaboration."""


@dataclass(frozen=True)
class Site:
    """A node that can be changed.

    role: `expression`, `condition` (with `enable`: nothing is done where it is false), `right` (of an assignment, with
    its left side in `target`), `statement`, `reset` (a statement of a reset branch), `index`, `range` (NAME[a:b]).
    """

    node: Node
    role: str
    target: str = ""
    enable: bool = False
    number: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """First byte, and the byte behind the last."""
        span = self.node.sourceRange
        return span.start.offset, span.end.offset


@dataclass
class VerilogFile:
    """A file, its modules and sites. headers: where the head of each module ends. names: of its modules."""

    path: Path
    data: bytes
    names: list[str] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)

    def text(self, node: Node) -> str:
        """The text of a node."""
        span = node.sourceRange
        return self.data[span.start.offset : span.end.offset].decode()


def kind(node: Node) -> str:
    """Name of the kind of a node."""
    return str(node.kind.name)


def children(node: Node) -> Iterator[Node]:
    """Nodes below a node, in order, tokens left out."""
    for child in node:
        if child is not None and kind_is_node(child):
            yield child


def kind_is_node(node: Node) -> bool:
    """Whether this is a node, no token."""
    return type(node).__name__ != "Token"


def require_slang() -> None:
    """UserError where pyslang is not installed."""
    from cocodla.sim import slang

    if not slang.installed():
        raise UserError("mutants of Verilog need pyslang: pip install pyslang, or pip install 'cocodla[dev]'")


def parse(path: Path) -> Node:
    """The tree of a file, assertions (DLA_ASSERT) left out. UserError where it is no Verilog."""
    from pyslang.syntax import SyntaxTree

    tree = SyntaxTree.fromFile(str(path))
    if any(diagnostic.isError() for diagnostic in tree.diagnostics):
        raise UserError(f"{path}: slang cannot read it")
    return tree


def input_ports(trees: Sequence[Node]) -> dict[str, set[str]]:
    """Module name to the names of its inputs."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        for module in _below(tree.root, "ModuleDeclaration"):
            ports = [port for port in _below(module.header, "ImplicitAnsiPort") if _is_input(port)]
            found[module.header.name.valueText] = {port.declarator.name.valueText for port in ports}
    return found


def _is_input(port: Node) -> bool:
    return getattr(port.header, "direction", None) is not None and port.header.direction.valueText == "input"


def _below(node: Node, wanted: str) -> Iterator[Node]:
    """All nodes of a kind below a node."""
    for child in children(node):
        if kind(child) == wanted:
            yield child
        else:
            yield from _below(child, wanted)


def read_sites(path: Path, inputs: Mapping[str, set[str]], tree: Node | None = None) -> VerilogFile:
    """The sites of a file. inputs: of the modules that it instantiates (input_ports)."""
    tree = tree or parse(path)  # which must live as long as its nodes
    file = VerilogFile(path, path.read_bytes())
    file.tree = tree  # type: ignore[attr-defined]
    walker = _Walker(file, inputs)
    root = tree.root
    modules = [root] if kind(root) == "ModuleDeclaration" else list(_below(root, "ModuleDeclaration"))
    for module in modules:
        file.names.append(module.header.name.valueText)
        file.headers.append(module.header.sourceRange.end.offset)
        walker.constant_functions = _called_in_constants(module)
        for member in module.members:
            walker.member(member)
    return file


def _called_in_constants(module: Node) -> set[str]:
    """Names of functions that are called where a constant must stand."""
    found = set()
    for constant in CONSTANT:
        for place in _below(module, constant):
            found |= {str(call.left).strip() for call in _below(place, "InvocationExpression")}
    return found


class _Walker:
    """Collects the sites of one file."""

    def __init__(self, file: VerilogFile, inputs: Mapping[str, set[str]]) -> None:
        self.file = file
        self.inputs = inputs
        self.constant_functions: set[str] = set()

    def add(self, node: Node, role: str, target: str = "", enable: bool = False) -> None:
        """Take a node down, unless it is made by a macro (its text is elsewhere)."""
        if self.file.text(node) and self.file.text(node) in str(node):
            self.file.sites.append(Site(node, role, target, enable, len(self.file.sites)))

    # -- what modules and generate blocks hold ------------------------------------------------------

    def member(self, node: Node) -> None:
        name = kind(node)
        if name == "ContinuousAssign":
            for assignment in node.assignments:
                if kind_is_node(assignment):
                    self.assignment(assignment, False)
        elif name in ("NetDeclaration", "DataDeclaration"):
            self.declaration(node)
        elif name.startswith("Always"):
            self.statement(node.statement, _reset_name(node.statement))
        elif name == "FunctionDeclaration":
            if str(node.prototype.name).strip() not in self.constant_functions:
                for item in node.items:
                    if kind(item).endswith("Statement"):
                        self.statement(item, "")
        elif name == "HierarchyInstantiation":
            self.instances(node)
        elif name in ("GenerateRegion", "GenerateBlock", "IfGenerate", "LoopGenerate", "CaseGenerate", "ElseClause",
                      "StandardCaseItem", "DefaultCaseItem"):
            for child in children(node):
                self.member(child)

    def declaration(self, node: Node) -> None:
        for declarator in node.declarators:
            if kind_is_node(declarator) and declarator.initializer is not None:
                name = declarator.name.valueText
                if kind(node) == "NetDeclaration" and not name.startswith("unused"):
                    self.right(declarator.initializer.expr, name)

    def instances(self, node: Node) -> None:
        inputs = self.inputs.get(node.type.valueText, set())
        for connection in _below(node, "NamedPortConnection"):
            if connection.name.valueText in inputs and connection.expr is not None:
                self.expression(connection.expr)

    # -- statements ---------------------------------------------------------------------------------

    def statement(self, node: Node, reset: str, resetting: bool = False) -> None:
        """reset: the signal of an asynchronous reset. resetting: in the branch where it is active."""
        name = kind(node)
        if name == "TimingControlStatement":
            self.statement(node.statement, reset)
        elif name == "SequentialBlockStatement":
            for item in node.items:
                if kind_is_node(item):
                    self.statement(item, reset, resetting)
        elif name == "ConditionalStatement":
            self.conditional(node, reset, resetting)
        elif name == "CaseStatement":
            self.expression(node.expr)
            for item in node.items:
                if kind_is_node(getattr(item, "clause", None)) and item.clause is not None:
                    self.statement(item.clause, reset, resetting)
        elif name == "ForLoopStatement":
            self.statement(node.statement, reset, resetting)
        elif name == "ExpressionStatement" and "Assignment" in kind(node.expr):
            self.add(node, "reset" if resetting else "statement")
            self.assignment(node.expr, True)

    def conditional(self, node: Node, reset: str, resetting: bool) -> None:
        condition = node.predicate
        first = bool(reset) and reset in str(condition)
        if not first:
            self.add(condition, "condition", enable=node.elseClause is None)
            self.expression(condition)
        self.statement(node.statement, "", resetting or first)
        if node.elseClause is not None:
            self.statement(node.elseClause.clause, "", resetting)

    def assignment(self, node: Node, procedural: bool) -> None:
        target = self.file.text(node.left)
        if target.startswith("unused"):
            return
        if procedural:
            self.indices(node.left)
        self.right(node.right, target)

    def right(self, node: Node, target: str) -> None:
        self.add(node, "right", target)
        self.expression(node)

    def indices(self, node: Node) -> None:
        """Indices of a left side."""
        for select in _below(node, "BitSelect"):
            self.add(select.expr, "index")
            self.expression(select.expr)

    # -- expressions --------------------------------------------------------------------------------

    def expression(self, node: Node) -> None:
        name = kind(node)
        if name in ("ScopedName", "StringLiteralExpression", "RealLiteralExpression"):
            return
        if name == "MultipleConcatenationExpression":
            self.expression(node.concatenation)
            return
        if name == "InvocationExpression":
            if not str(node.left).strip().startswith("$") or str(node.left).strip() in ("$signed", "$unsigned"):
                for argument in _below(node.arguments, "OrderedArgument"):
                    self.expression(argument.expr)
            return
        if name == "SimpleRangeSelect":
            return
        if name in ("AscendingRangeSelect", "DescendingRangeSelect"):
            self.add(node.left, "index")
            self.expression(node.left)
            return
        if name == "BitSelect":
            self.add(node.expr, "index")
        elif name == "IdentifierSelectName" and range_of(node) is not None:
            self.add(node, "range")
        elif name.endswith("Expression"):
            self.add(node, "expression")
        for child in children(node):
            self.expression(child)


def range_of(select: Node) -> Node | None:
    """The [a:b] that a name with selectors ends with, None where it ends with another one."""
    last = list(select.selectors)[-1].selector
    return last if last is not None and kind(last) == "SimpleRangeSelect" else None


def _reset_name(statement: Node) -> str:
    """The signal behind `negedge` (or a second `posedge`) of an always block; empty where it has no reset."""
    if kind(statement) != "TimingControlStatement":
        return ""
    edges = list(_below(statement.timingControl, "SignalEventExpression"))
    return str(edges[1].expr).strip() if len(edges) > 1 else ""
