# cocodla: the commands of the project. Each one prepares what it needs by itself.
#
#   make lenet [SIM=verilator|icarus] [IMAGES=10] [SEED=] [WAVES=1] [INPUT="files"] [SHELL=axi]  LeNet-5 on the RTL, proven bit-exact
#   make test                                                                        everything CI runs
#   make sim [BLOCK=sdp] [SIM=] [TEST=regex] [SEED=] [WAVES=1] [LIST=1] [COVERAGE=1] one block's bench; alone: the blocks
#   make traces TRACES=dir|file [SIM=] [ONLY=text] [JOBS=n] [MAXCYCLES=n] [WAVES=1]  public nv_small traces, register logs
#   make random [COUNT=200] [SEED=] [SIM=] [AVOID="class ..."] [IGNORE="register ..."] random programs, RTL against golden
#   make resets [COUNT=100] [SEED=] [SIM=] [GUARD=1]                                 resets in the middle of random programs
#   make nets [ONLY=text] [SIM=] [JOBS=] [SEED=]                                     known networks, from float to RTL
#   make fuzz [COUNT=100] [SEED=] [RTL=1]                                            random ONNX networks through the compiler
#   make regress [PLAN=smoke] [JOBS=n] [BUDGET=2h] [RESUME=1] [SINCE=commit]         a plan of all of these (docs/regression.md)
#   make mutate BLOCK=sdp|golden|compiler [N=100] [SEED=1] [ENGINE=source|yosys] [THEN="random traces"] [HTML=]     faults that no test finds
#   make bench [ONLY=regex] [MEMORY=full32] [CHECK=0] [ACCEPT=1]                     cycles of layers and traces
#   make synth [ONLY=regex] [JOBS=n]                                                 area and longest path of each unit
#   make fpga [ESTIMATE=1] [PART=LFE5UM5G-85F] [SYNTHESIS=plain] [PLACER=heap] [ROUTER=router1] [FREQUENCY=60] [SEED=1]  place and route of the chip
#   make crossings                                                                   ways between the clocks: those listed, synchronised
#   make memories                                                                    every memory of the chip, for a memory compiler
#   make formal [ONLY=regex] [JOBS=n]                                                proofs of RTL modules (docs/formal.md)
#   make speed [ONLY=regex] | lint | registers | clean                               speed of the golden model | ...
#   make constraints                                                                 tests with the newest packages, then pins them
#
# Everywhere: BUILD=dir for all that is generated (default: build), UNPINNED=1 for the newest packages instead of those in constraints/.
#
# lenet, sim, traces, nets, resets and fuzz RTL=1: WAVES=1, or a part of it: WAVES_FROM= WAVES_TO= (cycles), WAVES_LAYER=name or first..last, WAVES_SCOPE=unit,unit
# (docs/recording.md). What fails is run again with waves by itself: AUTOWAVES=0 turns that off.
# lenet, traces, random and bench: WATCHDOG=cycles without progress that end a run; DUT_FILELIST=another NV_nvdla (also for nets, resets, fuzz and sim
# BLOCK=registers; docs/foreign.md), DUT_DELAYS=1: with the delays in its files. random: MAX_FAILURES=, SHRINK_SECONDS=.
# the same and nets, synth, fpga, memories: DUT_PARAMETERS="SDP_LANES=4 ACC_DEPTH=32", parameters of NV_nvdla (docs/performance.md).
# lenet, nets, random and bench: MEMORY=ddr3_1066_x32|lpddr4_3200_x16[:key=value], a DRAM (docs/memory.md).
# lenet, traces, nets and bench: REPORT=1 writes a page that tells where the cycles went (docs/report.md).
# traces of one register log: IMAGE=its memory list, EXPECT=the bytes it must leave. test: PYTEST_ARGS="words for pytest".
# traces of others: ALLOW_OUTSIDE=1, files they name may lie outside of their folders; MEMORY_LIMIT=8G, memory one may declare (4G).
# regress: CLUSTER=ssh:hosts.txt|slurm:partition|tcp://host:port, JUNIT=file.xml, SEED=.
# WAVES, REPORT, LIST, COVERAGE, GUARD, ALLOW_OUTSIDE, RTL, CHECK, ACCEPT, RESUME and UNPINNED are 1 or 0; INPUT, AVOID, IGNORE, THEN and PYTEST_ARGS are lists, quoted as in a shell.
# A command that fails ends with 1 (something differed) or 2 (wrong input), which make prints ("Error 1"); make's own status is always 2.

# Variables are data: no recipe holds one. They reach scripts/make.py through the environment as they were typed; which
# target takes which is in scripts/make_targets.py, and one that it does not take is refused. `make` would expand $(...) in a
# variable of its command line when it exports it; here each gets its own text as a plain value first.
# What make does before it reads this file stays: it expands NAME:=value, runs NAME!=value, and expands the names of variables.

export override COCODLA_GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
export override COCODLA_GOALS := $(value MAKECMDGOALS)
# SHELL is make's name for what runs recipes: given on the command line it is ours, and reaches the commands by another name.
ifeq ($(origin SHELL),command line)
export override COCODLA_SHELL := $(value SHELL)
endif
override SHELL := /bin/sh
override .SHELLFLAGS := -c

override define as_typed
override $(1) := $$(value $(1))
export $(1)
endef
$(foreach name,$(COCODLA_GIVEN),$(eval $(call as_typed,$(name))))

.PHONY: bootstrap lenet test sim traces random resets nets fuzz regress mutate lint registers bench synth fpga formal crossings memories speed clean constraints

bootstrap lenet test sim traces random resets nets fuzz regress mutate lint registers bench synth fpga formal crossings memories speed clean constraints:
	@python3 scripts/make.py $@

test: lint
