"""What the server prints when it is ready: where it listens, what is in force, how to try it.

On a terminal or in a text log this is a block of text in the user's language. A JSON log gets one
line of it; the one-time console link grants administration, so there it goes to a file.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from threegate.audit.log.database import without_password
from threegate.console.bootstrap import ConsoleLink
from threegate.policy.lifecycle.store import InForce, Origin
from threegate.settings import Settings
from threegate.types import Bilingual

log = logging.getLogger(__name__)
LINK_FILE = "console-setup-link"

GREETING = Bilingual(
    """
Threegate 正在监听 {url}

  curl {url}/v1/chat/completions{header} -H 'content-type: application/json' -d \\
    '{{"model":"deepseek-r1","messages":[{{"role":"user","content":"你好，我的手机号是13812345678"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{key}")
  print(client.chat.completions.create(model="deepseek-r1",
      messages=[{{"role": "user", "content": "我的邮箱是 a.b@example.com"}}]))

策略      {policy}
审计日志  {audit}
          {verify}
控制台    {console}
另见      {url}/readyz  {url}/metrics
""",
    """
Threegate is listening on {url}

  curl {url}/v1/chat/completions{header} -H 'content-type: application/json' -d \\
    '{{"model":"deepseek-r1","messages":[{{"role":"user","content":"My phone is 415-555-0132"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{key}")
  print(client.chat.completions.create(model="deepseek-r1",
      messages=[{{"role": "user", "content": "My e-mail is a.b@example.com"}}]))

policy     {policy}
audit log  {audit}
           {verify}
console    {console}
see also   {url}/readyz  {url}/metrics
""",
)
IN_FORCE: Mapping[Origin, Bilingual] = {
    Origin.FOLDER: Bilingual(
        "{packs}（目录 {folder}，摘要 {digest}）",
        "{packs} (folder {folder}, digest {digest})",
    ),
    Origin.BUNDLE: Bilingual(
        "{packs}（签名包 {bundle}，摘要 {digest}）",
        "{packs} (signed bundle {bundle}, digest {digest})",
    ),
    Origin.VERSION: Bilingual(
        "{packs}（数据库中已启用的版本，摘要 {digest}；{folder} 中的 {named} 只是草稿）",
        "{packs} (version that was activated in the database, digest {digest}; {named} in {folder} "
        "is a draft)",
    ),
    Origin.LAST_GOOD: Bilingual(
        "{packs}（最近一次能加载的策略，摘要 {digest}）",
        "{packs} (the last policy that loaded, digest {digest})",
    ),
}
ONE_TIME = Bilingual(
    "{}（建立第一个账号的一次性链接）", "{}  (one-time link for the first account)"
)
IN_FILE = Bilingual(
    "{}（第一个账号的一次性链接在文件 {} 里）",
    "{} (the one-time link for the first account is in the file {})",
)
SHORT_DIGEST = 12
ANY_KEY = "any"


def report(
    settings: Settings, policy: InForce, link: ConsoleLink, language: str, *, open_to_all: bool
) -> dict[str, str]:
    """What only a process with open stores knows, ready to be printed. `open_to_all`: a call needs
    no key."""
    return {
        "key": ANY_KEY if open_to_all else "YOUR_KEY",
        "policy": in_force(settings, policy, language),
        "console": console(settings, link, language),
    }


def in_force(settings: Settings, policy: InForce, language: str) -> str:
    """The active policy: packs, where they came from, digest."""
    return (
        IN_FORCE[policy.origin]
        .get(language)
        .format(
            packs=", ".join(policy.packs),
            folder=settings.policies,
            bundle=settings.bundle,
            digest=policy.digest[:SHORT_DIGEST],
            named=", ".join(settings.packs),
        )
    )


def console(settings: Settings, link: ConsoleLink, language: str) -> str:
    """The console's address. While there is no account, with the one-time link or, for a JSON log,
    with the file that holds it."""
    file = settings.var / LINK_FILE
    if not link.one_time:
        file.unlink(missing_ok=True)
        return link.url
    if settings.log_format != "json":
        return ONE_TIME.get(language).format(link.one_time)
    _write_private(file, link.one_time + "\n")
    return IN_FILE.get(language).format(link.url, file)


def note(settings: Settings, line: str, show: Callable[[str], None]) -> None:
    """One line of the start: shown, or logged where the log is JSON."""
    if settings.log_format == "json":
        log.info("%s", line)
    else:
        show(line)


def announce(
    settings: Settings,
    facts: Mapping[str, str],
    language: str,
    show: Callable[[str], None],
) -> None:
    """Prints the greeting; in a JSON log one line of it."""
    if settings.log_format == "json":
        url = f"http://{settings.host}:{settings.port}"
        log.info("listens at %s; policy: %s; console: %s", url, facts["policy"], facts["console"])
    else:
        show(greeting(settings, facts, language))


def greeting(settings: Settings, facts: Mapping[str, str], language: str) -> str:
    """`facts` as `report` makes them."""
    key = facts["key"]
    return GREETING.get(language).format(
        header="" if key == ANY_KEY else f" -H 'authorization: Bearer {key}'",
        url=f"http://{settings.host}:{settings.port}",
        audit=without_password(settings.audit_database),
        verify=f"{sys.argv[0]} audit verify{_log_location(settings)}",
        **facts,
    )


def _log_location(settings: Settings) -> str:
    """Options that name the log to somebody without these settings. None for a database server: its
    address may hold a password."""
    if settings.audit_url:
        return ""
    return f" --database {settings.var / 'audit.sqlite3'} --directory {settings.var / 'audit'}"


def _write_private(file: Path, text: str) -> None:
    """Replaces the file, readable by its owner only."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
