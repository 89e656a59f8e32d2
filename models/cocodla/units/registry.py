"""Operators that plug-ins bring: what they are called in ONNX, what they compute, and how they are found."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import onnx
from onnx import parser

from cocodla.errors import UserError, one_line
from cocodla.units.places import BrokenRule, Place, defined_at
from cocodla.units.steps import Steps

GROUP = "cocodla.operators"
"""Entry points of plug-ins: each is an Operator, or a module whose Operators count."""
BUILT_IN = ("cocodla.operators.library", "cocodla.operators.tensors")
VARIABLE = "COCODLA_OPERATORS"
"""Environment variable: Python files and modules with operators, separated as in PATH."""
Key = tuple[str, str]


@dataclass(eq=False)
class Operator:
    """An operator written in units.

    function: (steps, *inputs, to=tensor, **attributes) writes chains of units that make `to`; inputs are tensors, or
    float arrays where the model holds constants. domain, name: in ONNX.
    reference: what it computes in float32: inputs, outputs and nodes of an ONNX function ("(x) => (y) { y = ... }",
    with "<attribute>" before it where there are some). codes: "own": the result's scale follows from its range on the
    calibration data; "kept": the codes of the result are those of its first input. zeros: tensors it reads and makes
    may have a zero point (else they have none).
    """

    function: Callable[..., None]
    domain: str
    name: str
    reference: str
    codes: Literal["own", "kept"] = "own"
    zeros: bool = False
    place: Place = field(default_factory=defined_at)

    @property
    def key(self) -> Key:
        return self.domain, self.name

    @property
    def about(self) -> str:
        """First sentence of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n\n")[0].replace("\n", " ")

    @property
    def label(self) -> str:
        return f"{self.domain}.{self.name}"

    def __call__(self, steps: Steps[Any], *inputs: Any, to: Any, **attributes: Any) -> None:
        """Write the operator's chains into `steps`."""
        self.function(steps, *inputs, to=to, **attributes)

    def checked_call(self, steps: Steps[Any], inputs: Iterable[Any], to: Any, attributes: dict[str, Any]) -> None:
        """As a call, for inputs and attributes of a model: what they break is one line."""
        given = list(inputs)
        try:
            inspect.signature(self.function).bind(steps, *given, to=to, **attributes)
        except TypeError as error:
            raise BrokenRule(self.place, self.label, f"{error} (inputs and attributes of the model's node)") from error
        try:
            self.function(steps, *given, to=to, **attributes)
        except UserError:
            raise
        except Exception as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None and not _inside(trace.tb_frame, self.function):
                trace = trace.tb_next
            line = trace.tb_lineno if trace is not None else self.place.line
            place = Place(inspect.getsourcefile(self.function) or self.place.file, line)
            raise BrokenRule(place, self.label, f"{type(error).__name__}: {one_line(str(error))}") from error
        if not any(chain.to.name == to.name for chain in steps.chains):
            raise BrokenRule(self.place, self.label, "nothing writes its result")

    def onnx_function(self, opset: int) -> onnx.FunctionProto:
        """The reference as a function of ONNX, of this opset. BrokenRule if it is none."""
        text = f'<domain: "{self.domain}", opset_import: ["" : {opset}]> {self.name} {self.reference}'
        try:
            return parser.parse_function(text)
        except parser.ParseError as error:
            raise BrokenRule(self.place, f"reference of {self.label}", one_line(str(error))) from error


def _inside(frame: Any, function: Callable[..., None]) -> bool:
    return frame.f_code is function.__code__


def operator(
    domain: str, name: str, reference: str, codes: Literal["own", "kept"] = "own", zeros: bool = False
) -> Callable[[Callable[..., None]], Operator]:
    """Decorator that makes an Operator of a function; see there."""
    place = defined_at()

    def make(function: Callable[..., None]) -> Operator:
        if codes not in ("own", "kept"):
            raise BrokenRule(place, f"codes of {domain}.{name}", f"{codes!r} given, own and kept are possible")
        made = Operator(function, domain, name, reference, codes, zeros, place)
        made.onnx_function(17)
        return made

    return make


_registered: dict[Key, Operator] = {}
_files: dict[Path, ModuleType] = {}


def register(*operators: Operator | ModuleType) -> None:
    """Make operators known to the compiler, or all of a module. UserError if there is another of its name."""
    for made in operators:
        for one in _of(made) if isinstance(made, ModuleType) else [made]:
            _add(_registered, one)


def _of(module: ModuleType) -> list[Operator]:
    return [value for value in vars(module).values() if isinstance(value, Operator)]


def _add(known: dict[Key, Operator], made: Operator) -> None:
    other = known.setdefault(made.key, made)
    if other is not made and other.place != made.place:
        raise UserError(f"two operators {made.label}: {other.place} and {made.place}")


def _loaded(entry: EntryPoint) -> list[Operator]:
    """The operators of an entry point; UserError if there are none."""
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:  # whatever its modules raise
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        raise UserError(f"plug-in {entry.name!r} ({entry.value}) cannot be imported: {reason}") from error
    made = _of(found) if isinstance(found, ModuleType) else [found] if isinstance(found, Operator) else []
    if not made:
        raise UserError(f"plug-in {entry.name!r} ({entry.value}) is no operator, nor a module with some")
    return made


def _given() -> list[Operator]:
    """Operators of the files and modules that the environment names. UserError for one that cannot be had."""
    found = []
    for text in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        try:
            module = _of_file(Path(text)) if text.endswith(".py") else import_module(text)
        except UserError:
            raise
        except (Exception, SystemExit) as error:  # whatever it raises
            reason = f"{type(error).__name__}: {one_line(str(error))}"
            raise UserError(f"{VARIABLE}: {text} cannot be imported: {reason}") from error
        made = _of(module)
        if not made:
            raise UserError(f"{VARIABLE}: {text} has no operators")
        found += made
    return found


def _of_file(path: Path) -> ModuleType:
    """A Python file as a module, read once."""
    path = path.resolve()
    if path not in _files:
        spec = spec_from_file_location(f"operators_{path.stem}", path)
        if spec is None or spec.loader is None or not path.is_file():
            raise UserError(f"{VARIABLE}: there is no file {path}")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        _files[path] = module
    return _files[path]


def known_operators() -> dict[Key, Operator]:
    """All operators: ours, those registered from Python, of files and modules the environment names, and of installed
    plug-ins. UserError as above.
    """
    known: dict[Key, Operator] = {}
    for name in BUILT_IN:
        for made in _of(import_module(name)):
            _add(known, made)
    for made in (*_registered.values(), *_given()):
        _add(known, made)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        for made in _loaded(entry):
            _add(known, made)
    return known


def find(domain: str, name: str) -> Operator:
    """The operator of an ONNX node. UserError, with those that are known, if there is none."""
    known = known_operators()
    if (domain, name) in known:
        return known[domain, name]
    here = sorted(other for owner, other in known if owner == domain)
    domains = sorted({owner for owner, _ in known})
    told = f"it has {', '.join(here)}" if here else f"known domains: {', '.join(domains)}"
    raise UserError(f"no plug-in has operator {name} of domain {domain!r}; {told}")
