"""A text recogniser whose graph is opened so that the states its head reads come out too."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import Array, FloatArray, widen
from rankkit.datasets.dataset import Dataset
from rankkit.errors import LoadError
from rankkit.heads import Head, log_softmax
from rankkit.heads.formats import onnx

#: Height of the pictures where the graph leaves it open, as the PP-OCR recognisers were trained.
HEIGHT = 48


@dataclass(frozen=True)
class Recogniser:
    """A model in one session, with two outputs: what it says, and what its head reads."""

    head: Head
    session: Any
    channels: int
    height: int
    softmax: bool

    def run(self, picture: FloatArray) -> tuple[Array, FloatArray, float]:
        """Run the model on a picture (height, width) of grey values from 0 to 255.

        Returns
        -------
        H : ndarray (frames, d), float32
            What the head reads.
        P : ndarray (frames, classes)
            The probabilities that the model gives.
        difference : float
            Largest absolute difference between the model's output and the head applied to ``H`` in float64.
        """
        values = np.broadcast_to(picture / 127.5 - 1, (1, self.channels, *picture.shape)).astype(np.float32)
        output, H = self.session.run(None, {self.session.get_inputs()[0].name: values})
        H, output = H.reshape(-1, self.head.d), widen(output.reshape(-1, self.head.classes))
        made = self.head.logits(H).dense()
        if self.softmax:
            return H, output, float(np.abs(np.exp(log_softmax(made)) - output).max())
        return H, np.exp(log_softmax(output)), float(np.abs(made - output).max())

    def text(self, P: FloatArray) -> str:
        """Return what is read: the best class of each frame, without repeats and blanks (class 0)."""
        best = P.argmax(axis=1)
        kept = [i for t, i in enumerate(best) if i != 0 and (t == 0 or i != best[t - 1])]
        return "".join(self.head.class_name(i) for i in kept)


def open_recogniser(dataset: Dataset, head: Head, content: bytes) -> Recogniser:
    """Open the model in ``content`` in memory, with the input of its last product as a second output."""
    import onnx as library
    import onnxruntime

    model = onnx.parse(io.BytesIO(content))
    product = next((node for node in model.graph.node if dataset.tensor in node.input), None)
    if product is None:
        raise LoadError(f"{dataset.weights.path} has no product with {dataset.tensor!r}")
    model.graph.output.append(library.helper.make_empty_tensor_value_info(product.input[0]))
    last = next(node for node in model.graph.node if model.graph.output[0].name in node.output)
    _, channels, height, _ = (axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # one thread adds up in one order: the same states every time
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return Recogniser(head, session, channels, height or HEIGHT, last.op_type == "Softmax")
