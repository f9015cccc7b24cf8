"""The model APIs: which one is called, whether it is available, and its answer as it arrives.

The client can never choose an upstream, a path beyond the known ones, or a header outside the
allow-list (`headers`). Redirects are not followed, bodies are requested uncompressed, and another
upstream is tried only while nothing of an answer has been passed on.
"""

from __future__ import annotations

from threegate.upstream.body_reader import Take
from threegate.upstream.client import Upstreams
from threegate.upstream.reply import ModelApi, ModelRequest, Reply

__all__ = ["ModelApi", "ModelRequest", "Reply", "Take", "Upstreams"]
