"""The command `rag verify`: whether an answer that was kept still holds. Loads no model and changes nothing."""

import argparse
import json
import sys
from pathlib import Path

from rag.errors import ReceiptInvalid
from rag.exits import FAILED_CHECK, GOOD
from rag.settings import Settings
from rag.terminal import printable


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `verify` to the commands of `rag`."""
    verify = commands.add_parser(
        "verify",
        help="check a kept answer against the store, without a model",
        epilog="Exits with 5 where something does not hold.",
    )
    verify.add_argument("receipt", metavar="FILE", help="what `rag ask --json` printed; '-' reads standard input")
    verify.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: RAG_STORE, or yours)")
    verify.add_argument("--json", action="store_true", help="one JSON object: whether it holds, and each finding")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace, settings: Settings) -> int:
    from rag.receipts import finding_rows, read_receipt, verify_receipt  # noqa: PLC0415 - `rag --help` reads no store
    from rag.store_reader import StoreReader  # noqa: PLC0415 - as above

    receipt = read_receipt(_read(options.receipt))
    with StoreReader(settings.store) as reader:
        findings = verify_receipt(receipt, reader)
    if options.json:
        row = {"verified": not findings, "citations": len(receipt.citations), "findings": finding_rows(findings)}
        # Half of a surrogate pair is JSON, yet no UTF-8.
        sys.stdout.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8") + "\n")
    else:
        for finding in findings:
            numbers = "".join(f"[{n}]" for n in finding.citations)
            sys.stdout.write(f"{finding.kind} {numbers}: {printable(finding.text)}\n".replace(" :", ":"))
        articles = len({c.article_id for c in receipt.citations})
        told = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}" if findings else "verified"
        sys.stdout.write(f"{told}: {len(receipt.citations)} citations of {articles} articles\n")
    return FAILED_CHECK if findings else GOOD


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ReceiptInvalid(f"the receipt '{path}' cannot be read: {reason}") from error
