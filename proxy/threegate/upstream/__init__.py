"""The model APIs behind the proxy: which is asked, whether it can be, its answer as it comes.

The client can never choose an upstream, a path beyond the known ones, or a header outside the
allow-list (`headers`). Redirects are not followed, bodies are asked for uncompressed, and another
upstream is tried only while nothing of an answer has been handed on.
"""

from __future__ import annotations

from threegate.upstream.client import Upstreams
from threegate.upstream.reply import Reply

__all__ = ["Reply", "Upstreams"]
