"""Binds what a model API stores to a tenant if several tenants share its key. Nothing is kept here:
the id that a client gets carries a tag that only calls of its tenant can verify."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import field

from threegate.errors import RequestError
from threegate.gateway.context import CallContext
from threegate.gateway.request.call_opening import blake2b_key
from threegate.i18n.messages import localized
from threegate.types import frozen
from threegate.wire import stored
from threegate.wire.adapter import Body

MARK = "-tg"
MAC_CHARS = 22  # of 16 bytes in base64
PURPOSE = b"threegate stored"


@frozen
class StoredIds:
    """The ids of one tenant. `key` is the proxy's secret: all replicas have the same."""

    key: bytes = field(repr=False)
    tenant: str

    def marked(self, id: str) -> str:
        """The id with the tenant's tag; one that already has it stays unchanged."""
        return id if self.opened(id) else f"{id}{MARK}{self._mac(id)}"

    def opened(self, id: str) -> str | None:
        """The model API's own id; None without this tenant's tag."""
        own, sign, mac = id[: -MAC_CHARS - len(MARK)], id[-MAC_CHARS - len(MARK) :], id[-MAC_CHARS:]
        valid = own and sign.startswith(MARK) and mac.isascii()
        return own if valid and hmac.compare_digest(mac, self._mac(own)) else None

    def _mac(self, id: str) -> str:
        text = f"{self.tenant}\0{id}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(
            text, key=blake2b_key(self.key), digest_size=16, person=PURPOSE
        ).digest()
        return base64.urlsafe_b64encode(digest)[:MAC_CHARS].decode()

    def request(self, body: Body) -> Body:
        """The request as the model API gets it. Raises RequestError 404 for an id of another
        tenant."""
        made, foreign = stored.opened(body, self.opened)
        if foreign:
            text = localized("stored-elsewhere", place=foreign)
            raise RequestError(text, status=404, code="stored_not_found", param=foreign)
        return made


def stored_ids(call: CallContext) -> StoredIds | None:
    """None if no other tenant uses the same key of the model API, so that nobody else could have
    stored anything."""
    deps, tenant = call.deps, call.caller.tenant
    tenants = deps.authenticator.tenants
    if tenants <= {tenant} or deps.model_api_override is not None:
        return None
    serving = deps.upstreams.find_serving(call.adapter.model(call.body), tenant)
    keys = {t.key for t in serving if t.key and not t.settings.shared_storage}
    sharing = (t for t in deps.upstreams.targets if t.key in keys)
    if not any(t.serves("", other) for t in sharing for other in tenants if other != tenant):
        return None
    return StoredIds(deps.secret, tenant)
