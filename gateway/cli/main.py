"""The command `sealgate`: parse, run, and tell the outcome by exit status.

0 done; 2 wrong use; 3 refused, with the last line of standard error
`refused: CODE: text`; 1 anything else.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

import gateway
from gateway.cli import (
    authorities,
    blocks,
    checks,
    demo,
    envelopes,
    exchange,
    keyring,
    nodes,
    samples,
)
from gateway.cli.terminal import prepare_streams
from gateway.cli.words import WrongUseError
from keys.errors import SealgateError
from masking.errors import DocumentInvalidError

DONE, FAILED, WRONG_USE, REFUSED = 0, 1, 2, 3
_GROUPS = (demo, nodes, keyring, authorities, blocks, checks, samples, exchange, envelopes)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command."""
    parser = argparse.ArgumentParser(
        prog="sealgate",
        description="Share government data by catalogue, grant, masking and sealed envelopes. "
        "按目录、授权、脱敏和密封信封共享政务数据。",
    )
    parser.add_argument("--version", action="version", version=f"sealgate {gateway.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.register(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    prepare_streams()
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
        sys.stdout.flush()
        return status
    except SealgateError as refusal:
        return _refuse(refusal, as_json=getattr(chosen, "json", False))
    except WrongUseError as wrong:
        print(f"sealgate: {wrong}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        # The reader of our output went away; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("sealgate: interrupted 已中断", file=sys.stderr)
        return FAILED
    except OSError as error:
        # Names a file and a cause; never what a file holds.
        print(f"sealgate: {error.filename or ''}: {error.strerror or 'I/O error'}", file=sys.stderr)
        return FAILED
    except Exception as error:
        place = _place(error)
        print(f"sealgate: internal error {type(error).__name__} at {place}", file=sys.stderr)
        return FAILED


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _refuse(refusal: SealgateError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(describe(refusal), ensure_ascii=False))
    if isinstance(refusal, DocumentInvalidError):
        for fault in refusal.faults:
            print(f"{fault}\n    {fault.text_zh}——{fault.remedy_zh}", file=sys.stderr)
    for field in refusal.fields:
        record = "" if field.record is None else f"record {field.record} 第 {field.record} 条, "
        print(f"  {record}{field.field}: {field.text} {field.text_zh}", file=sys.stderr)
    if refusal.fault_count > len(refusal.fields) > 0:
        print(f"  … {refusal.fault_count} in all 共 {refusal.fault_count} 处", file=sys.stderr)
    print(f"拒绝：{refusal.message_zh}", file=sys.stderr)
    print(f"refused: {refusal.code}: {refusal.message}", file=sys.stderr)
    return REFUSED


def describe(refusal: SealgateError) -> dict[str, object]:
    """Describe a refusal as the object that `--json` prints."""
    return {
        "code": refusal.code,
        "message": refusal.message,
        "message_zh": refusal.message_zh,
        "fields": [field._asdict() for field in refusal.fields],
        "records": list(refusal.records),
    }


if __name__ == "__main__":
    sys.exit(main())
