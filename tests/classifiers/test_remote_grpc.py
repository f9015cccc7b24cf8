"""The gRPC client against a server of this process that answers well, badly, late or not at all. A real
MLServer: test_remote.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import numpy as np
import pytest
from threegate_classifiers.batching import Logits
from threegate_classifiers.errors import ClassifierError, ModelError, Overloaded, TimedOut
from threegate_classifiers.tokenize import Row

grpc = pytest.importorskip("grpc", reason="the extra `grpc` is not installed")
from threegate_classifiers.remote_grpc import MESSAGE, GrpcKServe  # noqa: E402

ROW = Row((5, 7, 9), (0, 0, 0), ((0, 1), (1, 2), (2, 3)), 0, 3)
LOGITS = np.array([[0.5, -2.0]], np.float32)
Answer = Callable[[Any, Any], Any]


@contextmanager
def client(answer: Answer, timeout_s: float = 20.0) -> Iterator[GrpcKServe]:
    handler = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=MESSAGE["ModelInferRequest"].FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    server = grpc.server(ThreadPoolExecutor(2))
    methods = {"ModelInfer": handler}
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("inference.GRPCInferenceService", methods),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    made = GrpcKServe(f"grpc://127.0.0.1:{port}", "guard", timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()
        server.stop(None)


def answered(
    name: str = "logits", shape: tuple[int, ...] = (1, 2), raw: bytes | None = None
) -> Any:
    made = MESSAGE["ModelInferResponse"]()
    tensor = made.outputs.add(name=name, datatype="FP32", shape=shape)
    if raw is None:
        tensor.contents.fp32_contents.extend(LOGITS.ravel().tolist())
    else:
        made.raw_output_contents.append(raw)
    return made


def run(answer: Answer) -> Logits:
    with client(answer) as made:
        return made.run([ROW])[0]


@pytest.mark.parametrize("raw", [None, LOGITS.tobytes()])
def test_values_come_as_numbers_or_as_bytes(raw: bytes | None) -> None:
    np.testing.assert_array_equal(run(lambda asked, context: answered(raw=raw)), LOGITS[0])


def test_a_row_goes_out_as_it_is() -> None:
    seen: list[Any] = []

    def answer(asked: Any, context: Any) -> Any:
        seen.append(asked)
        return answered()

    run(answer)
    (asked,) = seen
    assert (asked.model_name, [i.name for i in asked.inputs]) == (
        "guard",
        ["input_ids", "attention_mask"],
    )
    assert [list(i.shape) for i in asked.inputs] == [[1, 3], [1, 3]]
    assert np.frombuffer(asked.raw_input_contents[0], "<i8").tolist() == list(ROW.ids)


@pytest.mark.parametrize(
    "made",
    [
        answered(name="other"),
        answered(shape=(1, 3)),
        answered(raw=b"123"),
        answered(shape=(0, 2), raw=b""),
        MESSAGE["ModelInferResponse"](),
    ],
)
def test_an_answer_of_another_form_is_an_error(made: Any) -> None:
    with pytest.raises(ModelError, match="has no tensor logits"):
        run(lambda asked, context: made)


@pytest.mark.parametrize(
    ("code", "error"),
    [("RESOURCE_EXHAUSTED", Overloaded), ("INTERNAL", ClassifierError)],
)
def test_an_error_names_the_code_and_not_what_was_said(
    code: str, error: type[ClassifierError]
) -> None:
    def answer(asked: Any, context: Any) -> None:
        context.abort(grpc.StatusCode[code], "the text was: secret")

    with pytest.raises(error, match=code) as caught:
        run(answer)
    assert "secret" not in str(caught.value)


def test_a_silent_server_is_late() -> None:
    over = Event()
    with client(lambda asked, context: over.wait(20), timeout_s=0.2) as made:
        try:
            with pytest.raises(TimedOut):
                made.run([ROW])
        finally:
            over.set()


def test_nobody_listens() -> None:
    made = GrpcKServe("grpc://127.0.0.1:1", "guard", timeout_s=2)
    assert not made.ready()
    with pytest.raises(ClassifierError, match="the model server failed: UNAVAILABLE"):
        made.run([ROW])
    made.close()
