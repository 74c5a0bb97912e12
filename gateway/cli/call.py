"""`sealgate call`: what a sidecar does for its callers, from a shell."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.cli.call_files import open_file, seal_file
from gateway.cli.call_ledger import register_ledger
from gateway.cli.exchange import add_opening, show_explanation
from gateway.cli.sealing import add_sealing
from gateway.cli.terminal import chosen_language, one_line, print_json, table
from gateway.cli.tokens import add_grant, grant_id
from gateway.cli.words import (
    WrongUseError,
    add_command,
    add_group,
    read_token,
    report,
)
from gateway.model.call import Explanation
from keys.errors import FieldFault, SealgateError
from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from gateway.client import Client, RefusedError

_FAILED = 1
_STATES = {1: "ok 正常", 2: "warning 注意", 3: "failed 失败"}
_Run = Callable[["Client", argparse.Namespace], None]


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `call` and its commands."""
    group = add_group(commands, "call", "call a running sidecar 调用网关服务")
    seal = _add(group, "seal", seal_file, "have records sealed 密封记录")
    add_sealing(seal)
    seal.add_argument(
        "--batch-rows", type=int, metavar="N", help="records of an envelope in a stream 每批记录数"
    )
    opening = _add(group, "open", open_file, "have an envelope opened 打开信封")
    add_opening(opening)
    opening.add_argument("--reference", help="own file number, for the ledger 内部文号")
    explain = _add(group, "explain", _explain, "tell what a grant lets out, and why 解释授权")
    explain.add_argument("--resource", required=True, metavar="CODE")
    explain.add_argument("--grant", type=Path, required=True, metavar="FILE")
    explain.add_argument("--lang", choices=("zh", "en"))
    resources = _add(group, "resources", _resources, "list the resources to be had 列出资源")
    resources.add_argument("--department", metavar="USCC", help="of one 提供部门代码")
    resource = _add(group, "resource", _resource, "show a resource with its fields 查看资源")
    resource.add_argument("resource", metavar="CODE", help="资源代码")
    _add(group, "status", _status, "tell whether the node can work 查看节点状况")
    for name, text in (
        ("block", "cut off, at once 立即封禁"),
        ("unblock", "lift a block 解除封禁"),
    ):
        block = _add(group, name, _block, text)
        what = block.add_mutually_exclusive_group(required=True)
        what.add_argument("--requester", metavar="USCC", help="使用部门代码")
        add_grant(what)
    register_ledger(partial(_add, group))


def _add(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: _Run,
    help_text: str,
) -> argparse.ArgumentParser:
    def called(chosen: argparse.Namespace) -> int:
        return _call(chosen, run)

    parser = add_command(group, name, called, help_text)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--socket", type=Path, metavar="PATH", help="the caller's folder or socket 套接字或其目录"
    )
    where.add_argument("--address", metavar="HOST:PORT", help="by TCP, with --tls-dir 网络地址")
    parser.add_argument(
        "--tls-dir", type=Path, metavar="DIR", help="client.crt, client.key, ca.crt 证书目录"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="of a call, but of no stream 超时秒数，不限数据流",
    )
    return parser


def _call(chosen: argparse.Namespace, run: _Run) -> int:
    """Connect and run; tell what the sidecar refused as if it had been refused here."""
    if find_spec("grpc") is None:
        raise ExtraMissingError(
            purpose="calling a sidecar", purpose_zh="调用网关服务", extra="sidecar"
        )
    # By TLS 1.3 alone, and what failed is told once, by us.
    if "grpc" not in sys.modules:
        from gateway.server.tls import prepare_environment

        prepare_environment()
    from gateway.client import RefusedError

    try:
        with _client(chosen) as client:
            run(client, chosen)
    except RefusedError as refusal:
        if refusal.answered:
            raise _refusal(refusal) from None
        text = f"{refusal.code}: {refusal.message} {refusal.message_zh}"
        print(f"sealgate: {one_line(text)}", file=sys.stderr)
        return _FAILED
    return 0


def _client(chosen: argparse.Namespace) -> "Client":
    from gateway.client import Client

    if (chosen.tls_dir is None) is not (chosen.address is None):
        raise WrongUseError("--address and --tls-dir go together 须同时给出")
    if not 0 < chosen.timeout < float("inf"):
        raise WrongUseError("--timeout is a number of seconds 应为秒数")
    try:
        return Client(chosen.socket or chosen.address, tls=chosen.tls_dir, timeout=chosen.timeout)
    except ValueError as wrong:
        raise WrongUseError(f"--address: {wrong} 地址有误") from None
    except FileNotFoundError as missing:
        what = missing.filename or chosen.socket
        raise WrongUseError(f"{what}: nothing there to connect with 没有套接字或证书") from None


def _refusal(told: "RefusedError") -> SealgateError:
    """Return a sidecar's refusal as one of ours."""
    fields = tuple(_fault(each.field, each.text, each.text_zh) for each in told.violations)
    records = dict.fromkeys(fault.record for fault in fields if fault.record is not None)
    return _as_refusal(told.code, told.message, told.message_zh, fields, tuple(records))


def _as_refusal(
    code: str,
    text: str,
    text_zh: str,
    fields: tuple[FieldFault, ...] = (),
    records: tuple[int, ...] = (),
) -> SealgateError:
    refusal = SealgateError(fields=fields, records=records)
    refusal.code = code  # type: ignore[misc] # the sidecar's, who may be of another version
    refusal.message, refusal.message_zh = text, text_zh
    return refusal


def _fault(place: str, text: str, text_zh: str) -> FieldFault:
    """Read a place such as `records[0].name`, whose records count from 0."""
    number, bracket, field = place.removeprefix("records[").partition("].")
    if bracket and number.isdecimal():
        return FieldFault(int(number) + 1, field, text, text_zh)
    return FieldFault(None, place, text, text_zh)


def _explain(client: "Client", chosen: argparse.Namespace) -> None:
    told = client.explain(chosen.resource, read_token(chosen.grant))
    fields = (
        {**_plain(field), "treatment": msgspec.json.decode(field.treatment)}
        for field in told.fields
    )
    plain = {**_plain(told), "fields": [*fields]}
    if chosen.json:
        print_json(plain)
    else:
        explanation = msgspec.convert(plain, Explanation)
        print(show_explanation(explanation, chosen_language(chosen.lang)))


def _resources(client: "Client", chosen: argparse.Namespace) -> None:
    found = [_plain(one) for one in client.resources(department=chosen.department or "")]
    if chosen.json:
        print_json(found)
        return
    headers = (
        "code 代码",
        "title 名称",
        "provider 提供部门",
        "share 共享",
        "grade 级别",
        "status 状态",
    )
    names = ("code", "name", "department", "share_class", "grade", "status")
    print(table(headers, [[one_line(str(one[name])) for name in names] for one in found]))


def _resource(client: "Client", chosen: argparse.Namespace) -> None:
    told = client.resource(chosen.resource)
    fields = [_plain(field) for field in told.fields]
    if chosen.json:
        print_json({**_plain(told), **_plain(told.summary), "fields": fields})
        return
    for name, value in {**_plain(told.summary), **_plain(told)}.items():
        if value:
            print(f"{name:18}{one_line(str(value))}")
    print()
    headers = ("field 信息项", "title 名称", "type 类型", "kind 类别", "grade 级别")
    names = ("id", "name", "type", "kind", "grade")
    print(table(headers, [[one_line(str(field[name])) for name in names] for field in fields]))


def _status(client: "Client", chosen: argparse.Namespace) -> None:
    """Show every condition; the first that fails gives code and exit status, as `health` does."""
    told = client.status()
    failed = next((one for one in told.conditions if one.code), None)
    if chosen.json:
        conditions = [
            {**_plain(one), "state": _STATES[one.state].partition(" ")[0]}
            for one in told.conditions
        ]
        print_json({**_plain(told), "conditions": conditions})
        # This is the one object on standard output.
        chosen.json = False
    else:
        rows = [
            row
            for one in told.conditions
            for row in (
                (f"{one.name} {one.title_zh}", _STATES[one.state], one_line(one.text)),
                ("", "", one_line(one.text_zh)),
            )
        ]
        print(table(("condition 条件", "state 状态", "found 情况"), rows))
    if failed is not None:
        raise _as_refusal(failed.code, failed.text, failed.text_zh)


def _block(client: "Client", chosen: argparse.Namespace) -> None:
    blocked = chosen.subcommand == "block"
    grant = None if chosen.grant is None else grant_id(chosen.grant)
    client.set_block(requester=chosen.requester, grant=grant, blocked=blocked)
    what, name = ("requester", chosen.requester) if grant is None else ("grant", grant)
    done = "is blocked 已封禁" if blocked else "is not blocked 未封禁"
    report(chosen, {what: name, "blocked": blocked}, f"{name} {done}")


def _plain(message: "Message") -> dict[str, Any]:
    """Return what a message says itself, without those within it."""
    return {
        field.name: getattr(message, field.name)
        for field in message.DESCRIPTOR.fields
        if field.message_type is None
    }
