"""The longest layer of a program, by prediction: what a watchdog has to know of it."""

from __future__ import annotations

from contextlib import suppress

from cocodla.errors import UserError
from cocodla.golden.device import Device
from cocodla.golden.run import step
from cocodla.golden.work import CdpWork, Counters, PdpWork, SdpWork, Work
from cocodla.latency.layer import Layer, MemoryTiming, Places
from cocodla.latency.model import predict
from cocodla.program.commands import PollRegister, ReadRegister, WaitInterrupt, WriteRegister
from cocodla.program.execution import Execution
from cocodla.program.program import Program


class _Predicting(Device):
    """A device whose layers take no time to compute: they are predicted, not executed. longest: cycles."""

    def __init__(self, memory: MemoryTiming) -> None:
        super().__init__()
        self.timing = memory
        self.longest = 0

    def compute(self, work: Work) -> Counters:
        """Predict a decoded layer."""
        layer = _layer(work)
        if layer is not None:
            self.longest = max(self.longest, predict(layer, self.timing))
        return {}


def _layer(work: Work) -> Layer | None:
    if isinstance(work, SdpWork):
        return Layer(work.convolution, work.config, work.rdma, work.pool)
    if isinstance(work, PdpWork):
        return Layer(pdp=work.config, places=Places((work.address, work.layout)))
    if isinstance(work, CdpWork):
        target = work.config.address, work.config.destination(work.layout)
        return Layer(cdp=work.layout, places=Places((work.address, work.layout), target))
    return None


def longest_layer(program: Program, memory: MemoryTiming) -> int:
    """Predicted cycles, on this project's RTL, of a program's longest layer up to where it breaks a rule; 0 if none."""
    device, seen = _Predicting(memory), Execution("prediction")
    for index, command in enumerate(program.commands):
        if isinstance(command, WriteRegister | PollRegister | ReadRegister | WaitInterrupt):
            try:
                step(device, command, index, seen)
            except (UserError, ValueError):
                break
    with suppress(UserError, ValueError):
        device.run_all()
    return device.longest
