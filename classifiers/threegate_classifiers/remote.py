"""A model that another server runs, over the KServe v2 protocol (Triton, MLServer, KServe …).

The folder here still holds manifest and tokenizer, not the weights. Rows go one by one: batching is
the server's business, and what it answers for a text must not depend on ours. Redirects are not
followed, and no message of an error holds what was sent or answered.

Protocol: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx
import numpy as np

from threegate_classifiers.batching import Logits, pad
from threegate_classifiers.errors import ClassifierError, ModelError, Overloaded, TimedOut
from threegate_classifiers.tokenize import Row

TIMEOUT_S = 10.0
_BUSY = (429, 503)


class Remote(Protocol):
    """A `runtime.Backend` at another server."""

    batch_tokens: int
    device: str

    def ready(self) -> bool: ...
    def run(self, rows: Sequence[Row]) -> list[Logits]: ...
    def close(self) -> None: ...


def at(url: str, model: str) -> Remote:
    """The server of a model: `http://` or `https://`, or over gRPC `grpc://` or `grpcs://`."""
    match url.partition("://")[0]:
        case "http" | "https":
            return KServe(url, model)
        case "grpc" | "grpcs":
            try:
                from threegate_classifiers.remote_grpc import GrpcKServe
            except ImportError:
                raise ModelError(
                    "a model server at grpc:// needs the extra `grpc`",
                    "grpc:// 的模型服务器需要附加项 `grpc`",
                ) from None
            return GrpcKServe(url, model)
        case _:
            raise ModelError(
                f"model {model}: its server is http(s):// or grpc(s)://",
                f"模型 {model}：服务器地址应以 http(s):// 或 grpc(s):// 开头",
            )


class KServe:
    """A backend for `Engine.open(remote={name: KServe(...)})`. Thread-safe."""

    batch_tokens = 0

    def __init__(
        self,
        url: str,
        model: str,
        *,
        version: str = "",
        inputs: Sequence[str] = ("input_ids", "attention_mask"),
        output: str = "logits",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        at = f"{url.rstrip('/')}/v2/models/{model}"
        self._url = f"{at}/versions/{version}" if version else at
        self._inputs, self._output = tuple(inputs), output
        self._client = httpx.Client(timeout=timeout_s, headers=dict(headers or {}))
        self.device = f"KServe v2 at {httpx.URL(url).host}"

    def ready(self) -> bool:
        """Whether the server says that it can run the model."""
        try:
            return self._client.get(f"{self._url}/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def run(self, rows: Sequence[Row]) -> list[Logits]:
        return [self._infer(row) for row in rows]

    def close(self) -> None:
        self._client.close()

    def _infer(self, row: Row) -> Logits:
        arrays = pad([row], 0)
        body = {
            "inputs": [tensor(name, arrays[name]) for name in self._inputs],
            "outputs": [{"name": self._output}],
        }
        logits: Logits = self._read(self._post(body))[0]
        return logits

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        try:
            answer = self._client.post(f"{self._url}/infer", json=body)
        except httpx.TimeoutException:
            raise TimedOut(
                "the model server did not answer in time", "模型服务器没有及时应答"
            ) from None
        except httpx.HTTPError as error:
            raise failed(type(error).__name__) from None
        if answer.status_code in _BUSY:
            raise Overloaded(f"the model server answered {answer.status_code}")
        if answer.status_code != 200:
            raise failed(str(answer.status_code))
        return answer

    def _read(self, answer: httpx.Response) -> Logits:
        try:
            found = next(o for o in answer.json()["outputs"] if o["name"] == self._output)
            values: Logits = np.array(found["data"], np.float32)
            return values.reshape(tuple(found["shape"]))
        except (LookupError, TypeError, ValueError, StopIteration):
            raise ModelError(f"the model server's answer has no tensor {self._output}") from None


def failed(why: str) -> ClassifierError:
    """With a status or the kind of the failure only: a server's words may quote what it was
    sent."""
    return ClassifierError(f"the model server failed: {why}", f"模型服务器出错：{why}")


def tensor(name: str, values: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, Any]:
    """One input tensor in the JSON form, row-major."""
    data = values.ravel().tolist()
    return {"name": name, "shape": list(values.shape), "datatype": "INT64", "data": data}
