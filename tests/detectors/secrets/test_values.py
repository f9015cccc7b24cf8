"""Which values are examples."""

from __future__ import annotations

import pytest
from threegate.detectors.secrets.values import secret_test

HEX = "5b8e1021d7bb4148a3188f4836535719"
MIXED = "Kd8sQ2mZx7Lp4VtR9wYbN3cFhJ6g"


@pytest.mark.parametrize("key", [HEX, MIXED])
@pytest.mark.parametrize("shape", ["sk-{}-example", "{}your", "dummy{}", "example_{}_changeme"])
def test_words_of_an_example_beside_a_key_do_not_make_it_one(shape: str, key: str) -> None:
    assert secret_test(3.0, "")(shape.format(key).encode())


@pytest.mark.parametrize(
    "value",
    [
        *("sk-proj-" + "0" * 40, "sk-" + "x" * 40, "sk-your-api-key-goes-here-12345"),
        *("YOUR_VERY_LONG_SECRET_KEY_2024_GOES_HERE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        *("xoxp-1234-1234-1234-example" + HEX, "process.env.EXAMPLE_" + HEX),
    ],
)
def test_an_example_is_no_secret(value: str) -> None:
    assert not secret_test(3.0, "")(value.encode())
