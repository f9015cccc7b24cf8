"""The KServe v2 protocol over gRPC (Triton, MLServer, OpenVINO model server): as `remote.KServe`,
with tensors as bytes instead of JSON. Needs the extra `grpc`.

Numbers and types of the fields are those of `grpc_service.proto`.

gRPC's own resolver reads the list of name servers even for an address of digits, and can ask them
for a TXT record (service config) of a host; both are off, so names are resolved as by the rest of
the program. `GRPC_DNS_RESOLVER` counts when the library initialises.

Protocol: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ.setdefault("GRPC_DNS_RESOLVER", "native")

import grpc
import numpy as np

from threegate_classifiers.batching import Logits, pad
from threegate_classifiers.errors import ClassifierError, ModelError, Overloaded, TimedOut
from threegate_classifiers.protobuf import Fields, message_classes
from threegate_classifiers.remote import TIMEOUT_S, failed
from threegate_classifiers.tokenize import Row

PACKAGE = "inference"
SERVICE = f"/{PACKAGE}.GRPCInferenceService/"
MESSAGES: Mapping[str, Fields] = {
    "InferTensorContents": [("fp32_contents", 6, "float*")],
    "InferInputTensor": [("name", 1, "string"), ("datatype", 2, "string"), ("shape", 3, "int64*")],
    "InferRequestedOutputTensor": [("name", 1, "string")],
    "ModelInferRequest": [
        ("model_name", 1, "string"),
        ("model_version", 2, "string"),
        ("inputs", 5, "InferInputTensor*"),
        ("outputs", 6, "InferRequestedOutputTensor*"),
        ("raw_input_contents", 7, "bytes*"),
    ],
    "InferOutputTensor": [
        ("name", 1, "string"),
        ("datatype", 2, "string"),
        ("shape", 3, "int64*"),
        ("contents", 5, "InferTensorContents"),
    ],
    "ModelInferResponse": [
        ("outputs", 5, "InferOutputTensor*"),
        ("raw_output_contents", 6, "bytes*"),
    ],
    "ModelReadyRequest": [("name", 1, "string"), ("version", 2, "string")],
    "ModelReadyResponse": [("ready", 1, "bool")],
}


MESSAGE = message_classes(PACKAGE, MESSAGES)


class GrpcKServe:
    """A backend for `Engine.open(remote={name: GrpcKServe(...)})`. Thread-safe. `url` begins with
    `grpc://` or, with TLS, `grpcs://`."""

    batch_tokens = 0

    def __init__(
        self,
        url: str,
        model: str,
        *,
        version: str = "",
        inputs: Sequence[str] = ("input_ids", "attention_mask"),
        output: str = "logits",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        scheme, _, target = url.partition("://")
        self._channel = _channel(target, tls=scheme == "grpcs")
        self._model, self._version, self._timeout_s = model, version, timeout_s
        self._inputs, self._output = tuple(inputs), output
        self._infer = self._method("ModelInfer")
        self._ready = self._method("ModelReady")
        self.device = f"KServe v2 over gRPC at {target.rpartition(':')[0] or target}"

    def ready(self) -> bool:
        """Whether the server says that it can run the model."""
        asked = MESSAGE["ModelReadyRequest"](name=self._model, version=self._version)
        try:
            return bool(self._ready(asked, timeout=self._timeout_s).ready)
        except grpc.RpcError:
            return False

    def run(self, rows: Sequence[Row]) -> list[Logits]:
        return [self._read(self._ask(self.request(row))) for row in rows]

    def close(self) -> None:
        self._channel.close()

    def request(self, row: Row) -> Any:
        """One row as a message."""
        arrays = pad([row], 0)
        made = MESSAGE["ModelInferRequest"](model_name=self._model, model_version=self._version)
        for name in self._inputs:
            made.inputs.add(name=name, datatype="INT64", shape=arrays[name].shape)
            made.raw_input_contents.append(arrays[name].astype("<i8").tobytes())
        made.outputs.add(name=self._output)
        return made

    def _method(self, name: str) -> Callable[..., Any]:
        answer: Any = MESSAGE[f"{name}Response"]
        method: Callable[..., Any] = self._channel.unary_unary(
            SERVICE + name,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return method

    def _ask(self, request: Any) -> Any:
        try:
            return self._infer(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise _failure(error.code()) from None

    def _read(self, answer: Any) -> Logits:
        """The tensor's first row."""
        names = [tensor.name for tensor in answer.outputs]
        try:
            return _values(answer, names.index(self._output))
        except (ValueError, IndexError):
            name = self._output
            raise ModelError(f"the model server's answer has no tensor {name}") from None


def _values(answer: Any, number: int) -> Logits:
    """Values stand as bytes beside the tensors or as numbers in them. Raises ValueError where they
    are not of the tensor's own shape."""
    tensor, raw = answer.outputs[number], answer.raw_output_contents
    values = (
        np.frombuffer(raw[number], "<f4")
        if raw
        else np.array(tensor.contents.fp32_contents, np.float32)
    )
    logits: Logits = values.reshape(tuple(tensor.shape))[0]
    return logits


def _channel(target: str, *, tls: bool) -> Any:
    options = (("grpc.enable_http_proxy", 0), ("grpc.service_config_disable_resolution", 1))
    if tls:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(), options)
    return grpc.insecure_channel(target, options)


def _failure(code: Any) -> ClassifierError:
    """The code only: a server's message may quote what it was sent."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TimedOut("the model server did not answer in time", "模型服务器没有及时应答")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Overloaded(f"the model server answered {code.name}")
    return failed(code.name)
