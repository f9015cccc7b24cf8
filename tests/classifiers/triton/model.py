"""Runs inside Triton's Python backend: the `model.onnx` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # noqa: TID251  (its starter sets ORT_DISABLE_TELEMETRY)
import triton_python_backend_utils as triton


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        folder = Path(args["model_repository"]) / args["model_version"]
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.names = [i.name for i in self.session.get_inputs()]

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self.answer(request) for request in requests]

    def answer(self, request: Any) -> Any:
        found = {n: triton.get_input_tensor_by_name(request, n) for n in self.names}
        feed = {n: tensor.as_numpy() for n, tensor in found.items() if tensor is not None}
        (logits,) = self.session.run(["logits"], feed)
        return triton.InferenceResponse([triton.Tensor("logits", logits.astype(np.float32))])
