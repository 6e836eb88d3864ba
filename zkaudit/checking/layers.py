"""Which layers of an architecture a gadget of its circuit proves."""

from __future__ import annotations

from zkaudit.model.architecture import Architecture, Requantise


def layer_names(architecture: Architecture) -> dict[str, str]:
    """A text for each gadget of the network; those of the weights and of the claim have none.

    A requantisation is proved together with the layer whose accumulators it reads.
    """
    layers = architecture.layers
    result = {f"{layer.kind} {number}": f"{number} {layer.kind}" for number, layer in enumerate(layers, 1)}
    for count, (number, layer) in enumerate(requantisations(architecture), 1):
        result[f"requantise {count}"] = f"{number} requantise{_read(architecture, number, layer.sources)}"
    last = len(layers)
    result["argmax"] = f"{last} {layers[-1].kind}" if layers else ""
    return result


def requantisations(architecture: Architecture) -> list[tuple[int, Requantise]]:
    """The requantisations with the numbers of their layers, from 1."""
    return [(n, layer) for n, layer in enumerate(architecture.layers, 1) if isinstance(layer, Requantise)]


def _read(architecture: Architecture, number: int, sources: tuple[int, ...]) -> str:
    source = sources[0] if sources else number - 1
    return f" of {source} {architecture.layers[source - 1].kind}" if source else ""
