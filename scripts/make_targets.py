"""The targets of the Makefile: which variables each takes, and the commands it runs.

A variable is data: it becomes one word of a command (or several, split as a shell would, where it is a list) and never
a piece of a shell line. Needs nothing but Python: it is read before anything is installed.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

COMMON = ("BUILD", "UNPINNED")
"""Variables of every target with the virtual environment; they say where and with what the commands run."""
DUT = ("AUTOWAVES", "DUT_DELAYS", "DUT_FILELIST", "DUT_PARAMETERS")
"""Variables that the commands read from the environment themselves."""
PYTHON = "python"
"""Stands for the interpreter of the virtual environment at the head of a command."""
SYSTEM_PYTHON = "python3"
"""Stands for the interpreter that runs this; what begins with it needs no virtual environment."""
CLI = (PYTHON, "-m", "cocodla")


class WrongVariable(Exception):
    """A variable has a name that the targets do not take, or a value that cannot be one. The message is one line."""


Words = Callable[[str, str], list[str]]
"""Variable and value to words of a command."""


def value(option: str) -> Words:
    """The value of an option, whatever it begins with."""
    return lambda name, text: [f"{option}={text}"]


def flag(option: str, wanted: bool = True) -> Words:
    """An option that is set by 1 and left out for 0, or the other way round."""
    return lambda name, text: [option] if is_set(name, text) == wanted else []


def each(option: str) -> Words:
    """An option for each word of a list."""
    return lambda name, text: [f"{option}={word}" for word in split(name, text)]


def is_set(name: str, text: str) -> bool:
    """Value of a switch."""
    if text not in ("0", "1"):
        raise WrongVariable(f"{name}={text}: takes 1 or 0")
    return text == "1"


def split(name: str, text: str) -> list[str]:
    """Words of a list: between spaces, with quotes and backslashes as in a shell, nothing expanded."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise WrongVariable(f"{name}={text}: is no list of words ({str(error).lower()})") from None


SIM, SEED, ONLY, JOBS = value("--sim"), value("--seed"), value("--only"), value("--jobs")
WAVES, WATCHDOG, REPORT = flag("--waves"), value("--watchdog"), flag("--report")
WINDOW = {
    "WAVES": WAVES, "WAVES_FROM": value("--waves-from"), "WAVES_TO": value("--waves-to"),
    "WAVES_LAYER": value("--waves-layer"), "WAVES_SCOPE": value("--waves-scope"),
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """One program: its first words, the variables that add options, the variable of its argument, a list behind all."""

    words: tuple[str, ...]
    options: Mapping[str, Words]
    argument: str = ""
    rest: str = ""

    @property
    def variables(self) -> list[str]:
        return [*self.options, *filter(None, (self.argument, self.rest))]

    def line(self, given: Mapping[str, str]) -> list[str]:
        """The words to run, with the variables that are not empty."""
        given = {name: text for name, text in given.items() if text}
        words = list(self.words)
        for name, make in self.options.items():
            words += make(name, given[name]) if name in given else []
        if self.argument in given:
            words += ["--", given[self.argument]]
        return words + (split(self.rest, given[self.rest]) if self.rest in given else [])


def cli(name: str, argument: str = "", **options: Words) -> Command:
    """A command of the project's own."""
    return Command((*CLI, name), options, argument)


def script(path: str, **options: Words) -> Command:
    """A Python file of the repository."""
    return Command((PYTHON, path), options)


RUFF, MYPY = Command((PYTHON, "-m", "ruff", "check", "."), {}), Command((PYTHON, "-m", "mypy"), {})
PYTEST = Command((PYTHON, "-m", "pytest", "-n", "2", "--dist", "worksteal"), {}, rest="PYTEST_ARGS")

COMMANDS: dict[str, tuple[Command, ...]] = {
    "bootstrap": (),
    "lenet": (
        cli("lenet", SIM=SIM, IMAGES=value("--count"), INPUT=each("--images"), SEED=SEED, **WINDOW,
            REPORT=REPORT, WATCHDOG=WATCHDOG, SHELL=value("--shell"), MEMORY=value("--memory")),
    ),
    "sim": (cli("sim", "BLOCK", SIM=SIM, TEST=value("--test"), SEED=SEED, **WINDOW, LIST=flag("--list"),
            COVERAGE=flag("--coverage")),),
    "traces": (
        cli("traces", "TRACES", SIM=SIM, ONLY=ONLY, JOBS=JOBS, MAXCYCLES=value("--max-cycles"), IMAGE=value("--image"),
            EXPECT=value("--expect"), ALLOW_OUTSIDE=flag("--allow-outside"), MEMORY_LIMIT=value("--memory-limit"),
            WATCHDOG=WATCHDOG, SEED=SEED, REPORT=REPORT, **WINDOW),
    ),
    "random": (
        cli("random", SIM=SIM, COUNT=value("--count"), SEED=SEED, ONLY=ONLY, WATCHDOG=WATCHDOG, AVOID=each("--avoid"),
            IGNORE=each("--ignore"), MAX_FAILURES=value("--max-failures"), SHRINK_SECONDS=value("--shrink-seconds"),
            MEMORY=value("--memory")),
    ),
    "resets": (cli("resets", SIM=SIM, COUNT=value("--count"), SEED=SEED, ONLY=ONLY, GUARD=flag("--guard"), **WINDOW),),
    "nets": (cli("nets", SIM=SIM, ONLY=ONLY, JOBS=JOBS, SEED=SEED, REPORT=REPORT, MEMORY=value("--memory"), **WINDOW),),
    "fuzz": (cli("fuzz", SIM=SIM, COUNT=value("--count"), SEED=SEED, RTL=flag("--rtl"), **WINDOW),),
    "regress": (
        cli("regress", "PLAN", JOBS=JOBS, BUDGET=value("--budget"), SEED=SEED, RESUME=flag("--resume"),
            SINCE=value("--since"), CLUSTER=value("--cluster"), JUNIT=value("--junit")),
    ),
    "mutate": (
        cli("mutate", "BLOCK", N=value("--count"), SEED=SEED, JOBS=JOBS, SIM=SIM, ENGINE=value("--engine"),
            THEN=each("--then"), HTML=value("--html")),
    ),
    "lint": (RUFF, MYPY, cli("lint")),
    "test": (PYTEST,),
    "registers": (script("scripts/generate_registers.py"),),
    "bench": (
        cli("bench", ONLY=ONLY, MEMORY=value("--memory"), SEED=SEED, CHECK=flag("--no-check", wanted=False),
            ACCEPT=flag("--accept"), WATCHDOG=WATCHDOG, REPORT=REPORT),
    ),
    "formal": (script("scripts/find_formal.py"), cli("formal", ONLY=ONLY, JOBS=JOBS)),
    "synth": (script("scripts/find_yosys.py"), cli("synth", ONLY=ONLY, JOBS=JOBS)),
    "fpga": (
        script("scripts/find_yosys.py"), script("scripts/find_nextpnr.py", ESTIMATE=flag("--estimate")),
        cli("fpga", ESTIMATE=flag("--estimate"), PART=value("--part"), SYNTHESIS=value("--synthesis"),
            PLACER=value("--placer"), ROUTER=value("--router"), FREQUENCY=value("--frequency"), SEED=SEED),
    ),
    "crossings": (script("scripts/find_yosys.py"), cli("crossings")),
    "memories": (script("scripts/find_yosys.py"), cli("memories")),
    "speed": (
        script("benchmarks/golden_speed.py"),
        script("benchmarks/golden_against_onnxruntime.py", ONLY=ONLY),
    ),
    "constraints": (Command((SYSTEM_PYTHON, "scripts/pin_packages.py"), {}),),
    "clean": (Command((SYSTEM_PYTHON, "-c", "import shutil; shutil.rmtree('build', ignore_errors=True)"), {}),),
}  # fmt: skip
"""What each target runs, in order."""

TAKES_DUT = {"lenet", "sim", "traces", "random", "resets", "nets", "fuzz", "bench", "synth", "fpga", "crossings",
             "memories", "regress"}
"""Targets whose commands work on the chip that DUT_FILELIST and DUT_PARAMETERS name."""


def variables(target: str) -> list[str]:
    """All variables a target takes."""
    own = [name for command in COMMANDS[target] for name in command.variables]
    return [*own, *(DUT if target in TAKES_DUT else ()), *(COMMON if needs_environment(target) else ())]


def needs_environment(target: str) -> bool:
    """Whether a target needs the virtual environment: bootstrap makes nothing else."""
    return target == "bootstrap" or any(command.words[0] == PYTHON for command in COMMANDS[target])


def check_names(given: list[str], goals: list[str]) -> None:
    """WrongVariable if a variable of make's command line belongs to none of the goals."""
    known = sorted({name for goal in goals if goal in COMMANDS for name in variables(goal)})
    everywhere = sorted({name for target in COMMANDS for name in variables(target)})
    for name in given:
        if name in known:
            continue
        place = f"make {' '.join(goals)}"
        near = difflib.get_close_matches(name.upper(), known, 3, 0.6)
        hint = f" (is it {' or '.join(near)}?)" if near else ""
        verb = "does not use" if name in everywhere else "has no variable"
        raise WrongVariable(f"{place} {verb} {name}{hint}; it takes {', '.join(known) or 'no variable'}")


def check_values(given: Mapping[str, str]) -> None:
    """WrongVariable for a value of a common variable that cannot be one."""
    if unpinned := given.get("UNPINNED"):
        is_set("UNPINNED", unpinned)
