"""What the server says when it is ready: where it is and how to try it, in the user's language."""

from __future__ import annotations

import sys

from threegate.audit.log.database import without_password
from threegate.settings import Settings
from threegate.types import Bilingual

GREETING = Bilingual(
    """
Threegate 在 {url} 上监听   策略包：{packs}

  curl {url}/v1/chat/completions -H 'content-type: application/json' -d \\
    '{{"model":"deepseek-r1","messages":[{{"role":"user","content":"你好，我的手机号是13812345678"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="any")
  print(client.chat.completions.create(model="deepseek-r1",
      messages=[{{"role": "user", "content": "My e-mail is a.b@example.com"}}]))

审计日志  {audit}
          {verify}
另见      {url}/readyz  {url}/metrics
""",
    """
Threegate listens at {url}   packs: {packs}

  curl {url}/v1/chat/completions -H 'content-type: application/json' -d \\
    '{{"model":"deepseek-r1","messages":[{{"role":"user","content":"你好，我的手机号是13812345678"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="any")
  print(client.chat.completions.create(model="deepseek-r1",
      messages=[{{"role": "user", "content": "My e-mail is a.b@example.com"}}]))

audit log  {audit}
           {verify}
see also   {url}/readyz  {url}/metrics
""",
)


def greeting(settings: Settings, language: str) -> str:
    return GREETING.get(language).format(
        url=f"http://{settings.host}:{settings.port}",
        packs=", ".join(settings.packs),
        audit=without_password(settings.audit_database),
        verify=f"{sys.argv[0]} audit verify{_where(settings)}",
    )


def _where(settings: Settings) -> str:
    """Of the log, for whoever calls without these settings; an address may hold a password."""
    if settings.audit_url:
        return ""
    return f" --database {settings.var / 'audit.sqlite3'} --directory {settings.var / 'audit'}"
