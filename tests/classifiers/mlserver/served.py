"""Runs inside MLServer (its own environment): any `model.onnx` beside `model-settings.json`."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime  # noqa: TID251  (its starter sets ORT_DISABLE_TELEMETRY)
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class OnnxModel(MLModel):
    async def load(self) -> bool:
        folder = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {i.name: NumpyCodec.decode_input(i).astype(np.int64) for i in payload.inputs}
        (logits,) = self._session.run(["logits"], feed)
        output = ResponseOutput(
            name="logits", shape=list(logits.shape), datatype="FP32", data=logits.ravel().tolist()
        )
        return InferenceResponse(model_name=self.name, outputs=[output])
