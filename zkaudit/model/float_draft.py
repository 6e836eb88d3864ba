"""Float graphs under construction: layers that rules replace, with the readers of every tensor kept up to date."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import FloatLayer, Shape


class Draft:
    """Tensors by number as in a FloatGraph; a tensor that nothing reads has no layer any more."""

    def __init__(self, input_shape: Shape, layers: Sequence[FloatLayer], output: int) -> None:
        self.layers: list[FloatLayer | None] = [None, *layers]
        self.shapes: list[Shape] = [input_shape]
        self.output = output
        self._readers: list[list[int]] = [[] for _ in self.layers]
        for number, layer in enumerate(layers, 1):
            self.shapes.append(layer.shape(*(self.shapes[source] for source in layer.sources)))
            for source in layer.sources:
                self._readers[source].append(number)
        for number in range(len(layers), 0, -1):
            self._drop_unread(number)

    def layer(self, number: int) -> FloatLayer | None:
        """What computes a tensor; None for the input and for what is gone."""
        return self.layers[number]

    def is_sole(self, number: int) -> bool:
        """Whether nothing but this layer reads its first source, which is not the output."""
        layer = self.layers[number]
        return layer is not None and self._readers[layer.sources[0]] == [number] and layer.sources[0] != self.output

    def replace(self, number: int, layer: FloatLayer) -> None:
        """Computes a tensor by another layer, whose sources come before it."""
        old = self.layers[number]
        self.layers[number] = layer
        self.shapes[number] = layer.shape(*(self.shapes[source] for source in layer.sources))
        for source in layer.sources:
            self._readers[source].append(number)
        if old is not None:
            self._forget(number, old)

    def redirect(self, number: int, source: int) -> None:
        """Makes every reader of one tensor, and the output, read an equal earlier one."""
        if self.output == number:
            self.output = source
        for reader in list(dict.fromkeys(self._readers[number])):
            layer = self.layers[reader]
            if layer is not None:
                sources = tuple(source if old == number else old for old in layer.sources)
                self.replace(reader, dataclasses.replace(layer, sources=sources))
        self._drop_unread(number)

    def graph(self) -> FloatGraph:
        """The layers that the output needs, numbered anew."""
        for number in range(len(self.layers) - 1, 0, -1):
            self._drop_unread(number)
        live = [number for number, layer in enumerate(self.layers) if layer is not None]
        place = {0: 0} | {number: index for index, number in enumerate(live, 1)}
        layers = [layer for layer in self.layers if layer is not None]
        return FloatGraph(
            input_shape=self.shapes[0],
            layers=tuple(
                dataclasses.replace(layer, sources=tuple(place[source] for source in layer.sources)) for layer in layers
            ),
        )

    def _forget(self, number: int, layer: FloatLayer) -> None:
        for source in layer.sources:
            self._readers[source].remove(number)
        for source in layer.sources:
            self._drop_unread(source)

    def _drop_unread(self, number: int) -> None:
        waiting = [number]
        while waiting:
            number = waiting.pop()
            layer = self.layers[number]
            if layer is not None and not self._readers[number] and number != self.output:
                self.layers[number] = None
                for source in layer.sources:
                    self._readers[source].remove(number)
                waiting.extend(layer.sources)
