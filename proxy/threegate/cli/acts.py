"""Acts of the command line that change what the proxy does or for whom, as the audit log has
them: asked for before they happen, so that they leave a trace whatever breaks off afterwards."""

from __future__ import annotations

from threegate.audit.log.record import Record, Stage
from threegate.types import Caller

CLI = Caller(tenant="", key_id="cli", language="")


def access(verb: str, **what: str) -> Record:
    return Record(stage=Stage.ACCESS, caller=CLI, detail={"verb": verb, **what})
