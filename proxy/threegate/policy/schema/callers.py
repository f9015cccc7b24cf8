"""Which calls a rule or an exception is about."""

from __future__ import annotations

from dataclasses import dataclass

from threegate.policy.language.shapes import Located, doc


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Located):
    """适用对象 / Which callers"""

    tenant: tuple[str, ...] = doc("租户；空表示全部", "tenants; none means all", ())
    key: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    route: tuple[str, ...] = doc(
        "路径，末尾可写 *；/v1/… 也指同一接口的其他路径",
        "paths, may end in *; /v1/… means the API's other paths too",
        (),
    )
    model: tuple[str, ...] = doc(
        "模型名：请求的或别名指向的，末尾可写 *",
        "models, by the name asked for or the one an alias leads to; may end in *",
        (),
    )
    language: tuple[str, ...] = doc("语言：zh、en", "languages: zh, en", ())
