"""Makes an exported model int8: smoothed, and kept fp32 where int8 would cost the most. Knows no model by name.

onnxruntime quantizes; what is spread between weights and activations before, and which products are left alone, is
chosen here. The tools that do as much (neural-compressor, optimum) bring a framework each for these few lines.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Vectors = Callable[[Path], NDArray[np.float32]]
"""Gives a graph's vectors for the texts it is judged on."""

Activations = Callable[[Path], dict[str, NDArray[np.float32]]]
"""Gives the largest absolute value of each component of each added output, over some texts."""

# Experiment 21: .5 to .65 are alike, .3 and .8 worse.
_SMOOTHING = 0.6
_SMALLEST = 1e-5


def quantize(exact: Path, target: Path, judged: Vectors, activations: Activations, least_cosine: float) -> float:
    """Write an int8 graph to `target`, the fastest whose mean cosine to the exact one's vectors is `least_cosine`.

    Return that mean, or of the last tried where none has it; then nothing is written.
    """
    smoothed, trial = target.with_name("smoothed.onnx"), target.with_name("trial.onnx")
    original = judged(exact)
    graph = onnx.load(exact)
    products = _products(graph)
    # A product that narrows follows the activation function: its input is the hardest to hold in 8 bits.
    narrowing = [node.name for node, weight in products if weight.shape[0] > weight.shape[1]]
    largest = _largest(exact, smoothed, products, activations)
    _smooth(graph, [product for product in products if product[0].name not in narrowing], largest)
    onnx.save(graph, smoothed)
    cosine = 0.0
    try:
        for spared in _ladder(narrowing):
            _quantize(smoothed, trial, spared)
            cosine = float(np.sum(judged(trial) * original, axis=1).mean())
            if cosine >= least_cosine:
                trial.replace(target)
                break
    finally:
        smoothed.unlink()
        trial.unlink(missing_ok=True)
    return cosine


def _ladder(narrowing: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what is left in fp32, from nothing to all narrowing products; early layers' errors grow on the way."""
    for quarters in range(5):
        yield narrowing[: len(narrowing) * quarters // 4]


def _products(graph: Any) -> list[tuple[Any, NDArray[np.float32]]]:
    """Return the products of an activation and a weight, in the order in which they are computed, with the weights."""
    weights = {given.name: given for given in graph.graph.initializer}
    nodes = [node for node in graph.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    found = [(node, numpy_helper.to_array(weights[node.input[1]])) for node in nodes]
    return [(node, weight) for node, weight in found if weight.ndim == 2]  # noqa: PLR2004 - a matrix has two axes


def _largest(
    exact: Path, path: Path, products: Sequence[tuple[Any, NDArray[np.float32]]], activations: Activations
) -> dict[str, NDArray[np.float32]]:
    """Return the largest absolute value of each component of each product's input."""
    shown = onnx.load(exact)
    for name in sorted({node.input[0] for node, _ in products}):
        shown.graph.output.append(helper.make_empty_tensor_value_info(name))
    onnx.save(shown, path)
    return activations(path)


def _smooth(
    graph: Any, products: Sequence[tuple[Any, NDArray[np.float32]]], largest: dict[str, NDArray[np.float32]]
) -> None:
    """Divide each component of the products' inputs, and multiply the weights' rows, by one and the same number.

    A few components are many times as large as the others and would take the 8 bits for themselves; weights have room
    for them. SmoothQuant, Xiao et al., ICML 2023, https://arxiv.org/abs/2211.10438
    """
    weights = {given.name: given for given in graph.graph.initializer}
    sharing: dict[str, list[tuple[Any, NDArray[np.float32]]]] = {}
    for node, weight in products:
        sharing.setdefault(node.input[0], []).append((node, weight))
    for name, those in sharing.items():
        of_input = np.maximum(largest[name], _SMALLEST)
        of_weights = np.maximum(np.max([np.abs(weight).max(axis=1) for _, weight in those], axis=0), _SMALLEST)
        factors = (of_input**_SMOOTHING / of_weights ** (1 - _SMOOTHING)).astype(np.float32)
        graph.graph.initializer.append(numpy_helper.from_array(1 / factors, f"{name}/factors"))
        for node, weight in those:
            held = weights[node.input[1]]
            held.CopyFrom(numpy_helper.from_array(weight * factors[:, None], held.name))
            node.input[0] = f"{name}/smoothed"
        made = next(number for number, node in enumerate(graph.graph.node) if name in node.output)
        divide = helper.make_node("Mul", [name, f"{name}/factors"], [f"{name}/smoothed"], name=f"{name}/Smooth")
        graph.graph.node.insert(made + 1, divide)


def _quantize(source: Path, target: Path, spared: Sequence[str]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - owned by the session's module

    # A range of 7 bits: without it, products overflow on processors that have no VNNI, and vectors differ from machine
    # to machine (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gather"],
        nodes_to_exclude=list(spared),
    )
