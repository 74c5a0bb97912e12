"""The command `sealgate`: parse, run, and tell the outcome by exit status.

0 done; 2 wrong use; 3 refused, with the last line of standard error
`refused: CODE: text`; 1 anything else.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module

import gateway
from gateway.cli.terminal import one_line, prepare_streams, print_json
from gateway.cli.words import WrongUseError
from keys.errors import FieldFault, SealgateError, unexpected

DONE, FAILED, WRONG_USE, REFUSED = 0, 1, 2, 3
# Numbers of ill-typed records in a JSON answer; a file may have a hundred thousand.
MAX_RECORDS_TOLD = 1000
# Each command's module, loaded when it is called: `--version` needs none.
_HOMES = {
    "demo": "demo",
    "init": "nodes",
    "trust": "nodes",
    "keys": "keyring",
    "health": "health",
    "ledger": "ledger",
    "grant": "authorities",
    "block": "blocks",
    "unblock": "blocks",
    "catalogue": "checks",
    "policy": "checks",
    "sample": "samples",
    "explain": "exchange",
    "seal": "exchange",
    "open": "exchange",
    "mask": "mask",
    "envelope": "envelopes",
    "receipt": "receipts",
    "reveal": "reveal",
    "serve": "serve",
    "call": "call",
    "certs": "certs",
}


def build_parser(homes: Iterable[str] = tuple(_HOMES.values())) -> argparse.ArgumentParser:
    """Build the parser of the whole command, or with the commands of these modules."""
    parser = argparse.ArgumentParser(
        prog="sealgate",
        description="Share government data by catalogue, grant, masking and sealed envelopes. "
        "按目录、授权、脱敏和密封信封共享政务数据。",
    )
    parser.add_argument("--version", action="version", version=f"sealgate {gateway.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in dict.fromkeys(homes):
        import_module(f"gateway.cli.{name}").register(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    prepare_streams()
    status = FAILED
    try:
        status = _outcome(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output went away; there is nobody to tell.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return status or FAILED
    except KeyboardInterrupt:
        print("sealgate: interrupted 已中断", file=sys.stderr)
        return FAILED
    return status


def _outcome(arguments: Sequence[str]) -> int:
    first = arguments[0] if arguments else ""
    homes: Iterable[str] = _HOMES.values()
    if first in _HOMES:
        homes = (_HOMES[first],)
    elif first == "--version":
        homes = ()
    chosen = build_parser(homes).parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except SealgateError as refusal:
        return _refuse(refusal, as_json=chosen.json)
    except WrongUseError as wrong:
        print(f"sealgate: {one_line(str(wrong))}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except OSError as error:
        # Names a file and a cause; never what a file holds.
        parts = (error.filename, error.strerror or "I/O error")
        text = ": ".join(os.fsdecode(part) for part in parts if part)
        print(f"sealgate: {one_line(text)}", file=sys.stderr)
        return FAILED
    except Exception as error:
        print(f"sealgate: internal error {unexpected(error)}", file=sys.stderr)
        return FAILED
    return status


def _refuse(refusal: SealgateError, *, as_json: bool) -> int:
    told = 0
    for line, count in _lines(refusal):
        print(one_line(line), file=sys.stderr)
        told += count
    if refusal.fault_count > told > 0:
        print(f"  … {refusal.fault_count} in all 共 {refusal.fault_count} 处", file=sys.stderr)
    text, text_zh = _last_words(refusal)
    print(one_line(f"拒绝：{text_zh}"), file=sys.stderr)
    print(one_line(f"refused: {refusal.code}: {text}"), file=sys.stderr)
    if as_json:
        print_json(describe(refusal))
    return REFUSED


def _lines(refusal: SealgateError) -> Iterator[tuple[str, int]]:
    """Yield a line for each fault, with how many it stands for: a wrong field is told once."""
    counts: Mapping[str, int] = getattr(refusal, "counts", {})
    told: set[str] = set()
    for fault in _listed(refusal):
        name = f"{fault.field}: " if fault.field else ""
        count, first = counts.get(fault.field, 1), fault.record
        if count == 1:
            record = "" if first is None else f"record {first} 第 {first} 条: "
            yield f"  {record}{name}{fault.text} {fault.text_zh}", 1
        elif fault.field not in told:
            told.add(fault.field)
            place = f"in {count} records, the first {first}"
            place_zh = f"共 {count} 条记录，首见于第 {first} 条"
            yield f"  {name}{fault.text}, {place} {fault.text_zh}，{place_zh}", count


def _last_words(refusal: SealgateError) -> tuple[str, str]:
    """Return what is left to say in English and Chinese; a document's faults stand above it."""
    if hasattr(refusal, "totals"):
        total, total_zh = refusal.totals
        return f"{total}, see above", f"{total_zh}，见上"
    return refusal.message, refusal.message_zh


def _listed(refusal: SealgateError) -> tuple[FieldFault, ...]:
    """List what is wrong; the faults of a document stand at `file:line:column`."""
    # Only a document's refusal has them, and to name its class would load YAML.
    faults = getattr(refusal, "faults", ())
    return refusal.fields or tuple(
        FieldFault(
            None,
            fault.place,
            f"{fault.text} — {fault.remedy}",
            f"{fault.text_zh}——{fault.remedy_zh}",
        )
        for fault in faults
    )


def describe(refusal: SealgateError) -> dict[str, object]:
    """Describe a refusal as the object that `--json` prints."""
    return {
        "code": refusal.code,
        "message": refusal.message,
        "message_zh": refusal.message_zh,
        "fields": [field._asdict() for field in _listed(refusal)],
        "records": list(refusal.records[:MAX_RECORDS_TOLD]),
    }


if __name__ == "__main__":
    sys.exit(main())
