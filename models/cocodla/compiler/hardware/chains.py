"""Chains of units as hardware layers: what operators of plug-ins, or sequences written by hand, become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from cocodla.compiler import layer_check
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.tensors import Tensor, cube_tensor
from cocodla.compiler.hardware.words import Words
from cocodla.compiler.ir import Shape
from cocodla.compiler.limits import Refused
from cocodla.compiler.parts import NetworkParts
from cocodla.compiler.quantisation.layers import QuantisedChain, QuantisedCustom
from cocodla.units.chain import Chain
from cocodla.units.places import BrokenRule
from cocodla.units.steps import Steps


def steps_of(prefix: str = "") -> Steps[Tensor]:
    """Steps whose tensors are the compiler's; their names begin with `prefix`."""

    def make(name: str, shape: Shape, scale: float, zero: int) -> Tensor:
        return cube_tensor(name, shape, scale, zero)

    return Steps(make, prefix)


def expanded(
    layer: QuantisedCustom, sources: Sequence[Tensor], target: Tensor
) -> tuple[list[HardwareLayer], dict[str, Tensor]]:
    """The layers a plug-in's operator writes for these tensors, and the tensors between them."""
    node, steps = layer.node, steps_of(f"{layer.target}/")
    try:
        node.operator.checked_call(steps, node.arguments(sources), target, dict(node.attributes))
    except BrokenRule as error:
        raise BrokenRule(error.place, f"{node.operator.name} {layer.name!r}: {error.what}", error.rule) from error
    except Refused as error:  # the scales do not allow it: the host takes the node
        raise Refused(node.operator.name, layer.name, error.reason) from error
    count = len(steps.chains)
    names = [layer.name if count == 1 else f"{layer.name}#{index}" for index in range(count)]
    layers = [hardware_layer(chain, name) for chain, name in zip(steps.chains, names, strict=True)]
    for made in layers:
        made.owner = layer.target
        made.operation = f"{node.operator.name}: {made.operation}"
    return completed(layers, [*steps.tensors, target.name]), steps.tensors


def hardware_layer(chain: Chain, name: str) -> HardwareLayer:
    """A chain as a layer of the machine."""
    sources, target = tuple(cast(Tensor, cube) for cube in chain.sources), cast(Tensor, chain.to)
    layer = QuantisedChain(name, tuple(cube.name for cube in sources), target.name, sources[0].shape, chain)
    result = HardwareLayer(layer, name, sources, target, chain.hardware_units, chain.operation, dict(chain.blobs))
    result.read_beats, result.write_beats = chain.read_beats, chain.write_beats
    if chain.convolution is not None:
        result.slice_entries = chain.convolution.entries
        result.data_entries = result.slice_entries * result.source.height
        result.group_bytes = chain.convolution.group_bytes
        result.macs, result.mac_cycles = chain.convolution.macs, chain.convolution.mac_cycles
    return result


def completed(layers: list[HardwareLayer], tensors: Iterable[str]) -> list[HardwareLayer]:
    """Name each tensor in the last layer that writes a part of it."""
    for name in tensors:
        last = next((layer for layer in reversed(layers) if layer.target.name == name), None)
        if last is not None:
            last.completes += (name,)
    return layers


def check_registers(network: NetworkParts, layers: Sequence[HardwareLayer]) -> None:
    """BrokenRule where the golden model would refuse a layer of a chain, with the line that wrote it."""
    for layer, made in zip(layers, network.layers, strict=True):
        if isinstance(layer.layer, QuantisedChain):
            chain = layer.layer.chain
            try:
                layer_check.check_layers(network, [made])
            except ValueError as error:
                raise BrokenRule(chain.place, "chain", str(error)) from error


def chain_words(layer: HardwareLayer) -> Words:
    """Registers of a chain's layer, addresses of tensors excepted."""
    assert isinstance(layer.layer, QuantisedChain)
    return layer.layer.chain.words(layer.addresses, layer.data_banks or 1, layer.weight_banks or 1)
