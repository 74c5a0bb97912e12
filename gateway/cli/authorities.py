"""`sealgate grant`: issue, inspect and revoke grants."""

import argparse
import math
from pathlib import Path

import msgspec

from gateway.authority import Authority, GrantRequest
from gateway.cli.terminal import print_json
from gateway.cli.tokens import add_grant, grant_id
from gateway.cli.words import (
    WrongUseError,
    add_command,
    add_group,
    check_outputs,
    read_token,
    report,
)
from gateway.grants.claims import Approval, Claims
from gateway.grants.token import parse_token, read_claims
from gateway.model.times import utc
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole

MAX_DAYS = 3660


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `grant` group."""
    grants = add_group(commands, "grant", "grants of an authority 授权")
    issue = add_command(grants, "issue", _issue, "issue a grant 签发授权")
    for name, text in (
        ("requester", "department that gets the data 使用部门"),
        ("provider", "department that gives it 提供部门"),
        ("resource", "code of the resource 资源代码"),
        ("purpose", "id of the purpose 用途"),
        ("fields", "field ids, separated by commas 字段"),
        ("level", "highest grade in the clear 明文最高级别"),
    ):
        issue.add_argument(f"--{name}", required=True, help=text)
    issue.add_argument("--days", type=float, default=30, help="validity 有效天数")
    issue.add_argument("--scenario", help="by default the purpose's first 应用场景")
    issue.add_argument("--legal-basis", help="by default the purpose's 法律依据")
    issue.add_argument("--region", help="GB/T 2260 code all records must lie in 区域")
    issue.add_argument("--rows-per-call", type=int, help="每次行数上限")
    issue.add_argument("--rows-per-day", type=int, help="每日行数上限")
    issue.add_argument("--agreement", help="reference of the security agreement 安全协议编号")
    issue.add_argument(
        "--approved-by", help="who decided for the provider; conditional resources need it 审批人"
    )
    issue.add_argument("--approval-reference", help="reference of that decision 审批文号")
    issue.add_argument("--authority", type=Path, required=True, metavar="DIR")
    issue.add_argument("--out", type=Path, required=True, metavar="FILE")
    inspect = add_command(
        grants, "inspect", _inspect, "show what a grant says, unverified 查看授权"
    )
    inspect.add_argument("file", type=Path, metavar="FILE")
    revoke = add_command(grants, "revoke", _revoke, "revoke a grant 撤销授权")
    revoke.add_argument("--authority", type=Path, required=True, metavar="DIR")
    add_grant(revoke, required=True)


def _issue(chosen: argparse.Namespace) -> int:
    # A grant that cannot be written down would be issued all the same.
    check_outputs([chosen.out])
    if not (math.isfinite(chosen.days) and 0 < chosen.days <= MAX_DAYS):
        raise WrongUseError(f"--days goes up to {MAX_DAYS} 有效天数不超过 {MAX_DAYS}")
    approval = None
    if chosen.approved_by:
        approval = Approval(
            by=chosen.approved_by,
            at=system_clock() // 1000,
            reference=chosen.approval_reference or "-",
        )
    request = GrantRequest(
        requester=chosen.requester,
        provider=chosen.provider,
        resource=chosen.resource,
        purpose=chosen.purpose,
        fields=tuple(name.strip() for name in chosen.fields.split(",") if name.strip()),
        level=chosen.level,
        days=chosen.days,
        scenario=chosen.scenario,
        legal_basis=chosen.legal_basis,
        region=chosen.region,
        rows_per_call=chosen.rows_per_call,
        rows_per_day=chosen.rows_per_day,
        agreement=chosen.agreement,
        approval=approval,
    )
    token = Authority(chosen.authority).issue(request)
    write_whole(chosen.out, token.encode() + b"\n", mode=0o600)
    claims = read_claims(parse_token(token).payload, Claims)
    report(
        chosen,
        {"jti": claims.jti, "exp": claims.exp, "out": str(chosen.out)},
        f"{chosen.out}: grant {claims.jti} until {utc(claims.exp)} 授权已签发",
    )
    return 0


def _inspect(chosen: argparse.Namespace) -> int:
    parsed = parse_token(read_token(chosen.file))
    claims = read_claims(parsed.payload, Claims)
    plain = {
        "header": msgspec.to_builtins(parsed.header),
        "claims": msgspec.to_builtins(claims),
        "verified": False,
    }
    print_json(plain, indent=None if chosen.json else 2)
    return 0


def _revoke(chosen: argparse.Namespace) -> int:
    jti = grant_id(chosen.grant)
    Authority(chosen.authority).revoke(jti)
    report(
        chosen,
        {"jti": jti, "revoked": True},
        f"{jti} is revoked; nodes learn it with the next `sealgate trust import` "
        "授权已撤销，各节点下次导入信任数据后生效",
    )
    return 0
