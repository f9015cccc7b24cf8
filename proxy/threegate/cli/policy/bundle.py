"""`threegate policy bundle | verify`: policies as one signed file.

Exit codes: 0 fine, 1 not signed by a trusted key or a policy with errors, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from threegate.audit.log.keys import load_key
from threegate.audit.log.note import Signer
from threegate.cli.language import line
from threegate.durable_files import replace_file
from threegate.errors import PolicyError
from threegate.policy.errors import failure
from threegate.policy.facade import check
from threegate.policy.lifecycle.store import DirTree, now_utc, today_utc
from threegate.policy.testing.report import problems_text
from threegate.policy_ops.signed_bundle import seal, trusted_keys, unseal

KEY = Path("var/policy/signing.key")


def bundle_command(args: argparse.Namespace) -> int:
    checked = check(DirTree(args.policies), args.packs, today=today_utc())
    if checked.errors:
        print(problems_text(checked.errors, args.lang), file=sys.stderr)
        return 1
    signer = Signer.from_seed(args.name, load_key(args.key, KEY, os.environ, setting="--key"))
    replace_file(args.out, seal(checked, args.packs, now_utc(), [signer]))
    print(f"{args.out}: {', '.join(args.packs)}")
    print(line("signing-key", args.lang, key=signer.verifier.vkey()))
    return 0


def verify_command(args: argparse.Namespace) -> int:
    trusted = trusted_keys(args.trust)
    try:
        sealed = unseal(args.file.read_bytes(), trusted, args.file.name)
    except PolicyError as error:
        print(problems_text(error.problems, args.lang), file=sys.stderr)
        return 1
    print(f"{', '.join(sealed.packs)} {sealed.digest}")
    signers = ", ".join(sealed.signers)
    print(line("signed", args.lang, signers=signers, at=sealed.sealed_at))
    if args.extract:
        _extract(sealed.files, args.extract)
    return 0


def _extract(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes only into the folder, whatever the names say."""
    root = folder.resolve()
    outside = [p for p in files if not (root / p).resolve().is_relative_to(root)]
    if outside:
        raise failure("bundle-path")
    for path, content in files.items():
        replace_file(root / path, content)
