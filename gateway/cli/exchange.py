"""`sealgate explain`, `seal` and `open`: the three things a node does with a grant."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from gateway.cli.checks import MAX_POLICY_BYTES
from gateway.cli.receipt_files import add_receipt, receipt_writer
from gateway.cli.sealing import add_encoding, register_seal
from gateway.cli.terminal import chosen_language, print_json, progress, table
from gateway.cli.words import (
    add_command,
    check_outputs,
    open_node,
    read_binary,
    read_input,
    read_token,
    report,
)
from gateway.envelope.opening import MAX_ENVELOPE_BYTES
from gateway.errors import EnvelopeMalformedError
from gateway.ledger.receipts import receipt_text
from gateway.model.call import Explanation, Opened
from gateway.stores.envelopes import is_stream, read_parts
from gateway.stores.files import whole_file
from gateway.stores.records import RecordFormat, RecordWriter
from masking.counting import counted
from masking.grades import Disclosure
from masking.operators import operator_types

if TYPE_CHECKING:
    from gateway.node import Node


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `explain`, `seal` and `open`."""
    explain = add_command(
        commands, "explain", _explain, "tell what a grant lets out, and why 解释授权", node=True
    )
    explain.add_argument("--resource", required=True, metavar="CODE")
    explain.add_argument("--grant", type=Path, required=True, metavar="FILE")
    explain.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="try this policy; the one in place stays 试用该策略，不改动现用策略",
    )
    explain.add_argument("--lang", choices=("zh", "en"))
    register_seal(commands)
    opening = add_command(commands, "open", _open, "open a sealed envelope 打开信封", node=True)
    add_opening(opening)
    opening.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")


def add_opening(opening: argparse.ArgumentParser) -> None:
    """Add the options of whatever opens a file, in this process or by a sidecar."""
    opening.add_argument("envelope", type=Path, metavar="ENVELOPE")
    opening.add_argument("--out", type=Path, required=True, metavar="FILE")
    opening.add_argument("--format", choices=("json", "ndjson", "csv"), help="by default by name")
    add_encoding(opening, "of CSV 编码: utf-8, utf-8-sig, gb18030")
    opening.add_argument("--manifest", type=Path, metavar="FILE", help="write the manifest too")
    opening.add_argument("--reopen", action="store_true", help="open again 允许重复打开")
    add_receipt(opening)


def _explain(chosen: argparse.Namespace) -> int:
    grant, draft = read_token(chosen.grant), None
    if chosen.policy is not None:
        draft = read_input(chosen.policy, MAX_POLICY_BYTES)
    with open_node(chosen) as node:
        explanation = node.explain(chosen.resource, grant, policy=draft, file=str(chosen.policy))
    if chosen.json:
        print_json(msgspec.to_builtins(explanation))
    else:
        print(show_explanation(explanation, chosen_language(chosen.lang)))
    return 0


# What files and manifests spell in English, for people who read Chinese.
WORDS_ZH: dict[str, str] = {
    **{disclosure.label: disclosure.label_zh for disclosure in Disclosure},
    "catalogue": "目录",
    "grant": "授权",
    "policy": "策略",
}


def show_explanation(explanation: Explanation, language: str) -> str:
    """Lay out an explanation as a table."""
    zh = language == "zh"
    headers = (
        ("字段", "名称", "级别", "处理", "披露", "决定层", "规则", "理由")
        if zh
        else ("field", "title", "grade", "treatment", "disclosure", "layer", "rule", "reason")
    )
    rows = [
        (
            field.id,
            field.name,
            field.grade,
            spell_treatment(field.treatment),
            WORDS_ZH.get(field.disclosure, field.disclosure) if zh else field.disclosure,
            WORDS_ZH.get(field.layer, field.layer) if zh else field.layer,
            field.rule,
            field.reason_zh if zh else field.reason,
        )
        for field in explanation.fields
    ]
    return table(headers, rows)


def spell_treatment(
    treatment: dict[str, str | int | float | bool | None], *, brief: bool = False
) -> str:
    """Spell an operator with its parameters: `keep(3, 4)`; in brief, without usual ones."""
    operator, usual = str(treatment["op"]), dict[str, object]()
    if brief:
        (kind,) = (one for one in operator_types() if one.name == operator)
        usual = {field.name: field.default for field in msgspec.structs.fields(kind)}
    parameters = ", ".join(
        str(value)
        for name, value in treatment.items()
        if name != "op" and value is not None and value != usual.get(name)
    )
    return f"{operator}({parameters})" if parameters else operator


def _open(chosen: argparse.Namespace) -> int:
    check_outputs([chosen.out, chosen.manifest, chosen.receipt], [chosen.envelope])
    with open_node(chosen) as node, read_binary(chosen.envelope) as file:
        if is_stream(file):
            parts = node.open_stream(
                progress(read_parts(file), "parts 部分"), reopen=chosen.reopen, caller=chosen.caller
            )
        else:
            parts = _one_part(node, file, chosen)
        write_opened(chosen, parts)
    return 0


def _one_part(node: "Node", file: BinaryIO, chosen: argparse.Namespace) -> Iterator[Opened]:
    """Open the envelope when it is asked for: when there is a place to write to."""
    data = file.read(MAX_ENVELOPE_BYTES + 1)
    yield node.open(data, reopen=chosen.reopen, caller=chosen.caller)


def write_opened(chosen: argparse.Namespace, parts: Iterator[Opened]) -> None:
    """Write records, manifest and receipt, and report; the files appear when the last part held."""
    last, findings = _write(chosen, parts)
    _report(chosen, last, findings)


def _write(chosen: argparse.Namespace, parts: Iterator[Opened]) -> tuple[Opened, Counter[str]]:
    """Write the files.

    Returns the last part, and the findings of all of them.
    """
    suffixes: dict[str, RecordFormat] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
    form = chosen.format or suffixes.get(chosen.out.suffix, "json")
    findings: Counter[str] = Counter()
    last: Opened | None = None
    with ExitStack() as stack:
        manifest = None
        if chosen.manifest is not None:
            manifest = stack.enter_context(whole_file(chosen.manifest))
        keep = receipt_writer(chosen, stack)
        out = stack.enter_context(whole_file(chosen.out, mode=0o600))
        writer = RecordWriter(out, form, chosen.encoding)
        for last in parts:
            writer.write(last.records, _present_fields(last))
            findings.update(last.manifest.findings)
        if last is None:
            raise EnvelopeMalformedError(reason="the file is empty", reason_zh="文件为空")
        writer.finish()
        if manifest is not None:
            manifest.write(msgspec.json.format(msgspec.json.encode(last.manifest)) + b"\n")
        keep(receipt_text(last.receipt))
    return last, findings


def _present_fields(opened: Opened) -> list[str]:
    return [field.id for field in opened.manifest.fields if field.type != "absent"]


def _report(chosen: argparse.Namespace, last: Opened, findings: Counter[str]) -> None:
    manifest = last.manifest
    records = manifest.totals.records if manifest.totals else manifest.records
    report(
        chosen,
        {
            "sender": last.sender,
            "envelope": last.envelope_id.hex(),
            "digest": last.digest.hex(),
            "resource": manifest.resource,
            "records": records,
            "findings": dict(findings),
            "out": str(chosen.out),
            "receipt": receipt_text(last.receipt),
        },
        f"{chosen.out}: {counted(records, 'record')} of {manifest.resource} "
        f"{manifest.resource_name} from {last.sender}，{records:,} 条记录",
    )
    for field, count in findings.items():
        print(
            f"finding 质量发现: {field}: {counted(count, 'value')} of the wrong shape, hidden "
            f"{count} 个值形式不符，已遮蔽",
            file=sys.stderr,
        )
