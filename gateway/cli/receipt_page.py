"""A verified receipt as a page to file: 调用记录凭证, one sheet of A4 in Chinese.

Stand-alone HTML: no scripts, and nothing that is fetched from anywhere. Whatever
comes from the receipt or the directory is escaped, and cut where it is longer than
such a thing ever is, so that the sheet stays one.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from html import escape

from gateway.cli.directories import Directory
from gateway.cli.receipt_code import qr_code
from gateway.cli.receipt_files import Proof
from gateway.cli.terminal import fit, one_line, width
from gateway.model.call import SharedPart
from gateway.model.resource import Resource
from masking.operators import operator_types

# Columns (two to a Han character) that a value may take, and the list of fields:
# what fits on the sheet with everything else.
MAX_VALUE_COLUMNS = 96
MAX_FIELDS_COLUMNS = 1800
# The digest is of the whole text, so that the code tells what the number is.
CODE_PREFIX = "sha256:"
_CHINA = timezone(timedelta(hours=8))

KINDS = {
    "seal": "密封提供",
    "open": "打开接收",
    "reveal": "还原令牌",
    "administer": "管理操作",
    "policy": "策略变更",
    "trust": "信任数据变更",
    "keys": "密钥变更",
    "start": "启动",
    "stop": "停止",
    "call": "未予受理的调用",
}

_STYLE = """\
@page { size: A4; margin: 12mm 15mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 180mm; color: #000; background: #fff;
  font: 9pt/1.35 "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif; }
header { display: flex; justify-content: space-between; border-bottom: 1pt solid #000;
  padding-bottom: 2mm; }
h1 { font-size: 20pt; letter-spacing: 4pt; margin: 4mm 0 3mm; }
h2 { font-size: 10pt; margin: 3mm 0 1mm; }
p { margin: 0 0 1mm; }
svg { width: 32mm; height: 32mm; flex: none; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { border: 0.5pt solid #555; padding: 0.7mm 1.5mm; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { width: 28mm; font-weight: normal; background: #eee; }
code { font: 8pt/1.3 "Noto Sans Mono", Consolas, monospace; }
.fields { font-size: 7.5pt; line-height: 1.25; overflow-wrap: anywhere; }
footer { margin-top: 3mm; font-size: 8pt; }
@media screen { body { margin: 12mm auto; padding: 0 4mm; max-width: 188mm; } }
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>调用记录凭证 {number}</title>
<style>
{style}</style>
</head>
<body>
<header>
<div>
<h1>调用记录凭证</h1>
<p>凭证摘要（凭证文件的 SHA-256）：</p>
<p><code>{digest}</code></p>
<p>于 {checked} 依据{basis}核验通过。</p>
</div>
{code}
</header>
{sections}<footer>
<p>{filing}</p>
<p>{proving}</p>
</footer>
</body>
</html>
"""

_FILING = (
    "本页由凭证文件生成，须与凭证文件一并归档；"
    "凭证文件的 SHA-256 与上列摘要及二维码内容一致，方为本页所述凭证。"
)
_PROVING = (
    "凭证证明：上述条目已由记录部门记入其日志，并由其日志密钥签名；"
    "日志此后如有改动，即与本凭证不符。条目不含任何字段值。"
)


def certificate(proof: Proof, directory: Directory, now: int) -> str:
    """Return the page of a verified receipt; `now`, Unix seconds, is when it was verified.

    Raises: ExtraMissingError.
    """
    version = directory.version
    basis = "部门导出的公钥" if version is None else f"第 {version} 版信任数据中的公钥"
    sections = (
        _section("一、调用", _call(proof, directory)),
        _fields(proof.checked.shared, directory),
        _section("三、日志证明", _proof(proof)),
    )
    return _PAGE.format(
        number=proof.digest[:16],
        style=_STYLE,
        digest=proof.digest,
        checked=_china(now * 1000),
        basis=basis,
        code=qr_code(CODE_PREFIX + proof.digest),
        sections="".join(sections),
        filing=_FILING,
        proving=_PROVING,
    )


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"<tr><th>{escape(name)}</th><td>{value}</td></tr>\n" for name, value in rows]
    return f"<h2>{title}</h2>\n<table>\n{''.join(lines)}</table>\n"


def _call(proof: Proof, directory: Directory) -> Iterator[tuple[str, str]]:
    shared = proof.checked.shared
    resource, purpose = _resource(shared, directory), None
    if directory.catalogue is not None:
        purpose = directory.catalogue.purposes.get(shared.purpose or "")
    yield "记录部门", _named(proof.checked.department, directory.name(proof.checked.department))
    yield "事项", _named(shared.kind, KINDS.get(shared.kind))
    yield "结果", "成功" if shared.outcome == "ok" else _named(shared.outcome, "拒绝")
    moment = datetime.fromtimestamp(shared.time // 1000, UTC)
    yield "时间", f"{_china(shared.time)}（{moment:%Y-%m-%dT%H:%M:%SZ}）"
    rows = (
        ("提供部门", shared.provider, directory.name(shared.provider)),
        ("使用部门", shared.requester, directory.name(shared.requester)),
        ("数据资源", shared.resource, None if resource is None else resource.name),
        ("用途", shared.purpose, None if purpose is None else purpose.name),
    )
    for title, value, name in rows:
        if value is not None:
            yield title, _named(value, name)
    yield from _numbers(shared)


def _numbers(shared: SharedPart) -> Iterator[tuple[str, str]]:
    if shared.grant is not None:
        yield "授权编号", _code(shared.grant)
    if shared.records is not None:
        yield "记录数", f"{shared.records:,} 条"
    if shared.count is not None:
        yield "次数", f"{shared.count:,}"
    if shared.policy is not None:
        yield "脱敏策略", _code(shared.policy)
    versions = (("目录", shared.catalogue), ("信任数据", shared.trust))
    told = [f"{name} {_code(str(version))}" for name, version in versions if version is not None]
    if told:
        yield "版本", "，".join(told)
    if shared.envelope is not None:
        yield "信封编号", _code(shared.envelope)
    if shared.digest is not None:
        yield "信封摘要", _code(shared.digest)


def _fields(shared: SharedPart, directory: Directory) -> str:
    """List each treatment's fields: by name and id, by id alone, or as many as fit."""
    if not shared.fields:
        return "<h2>二、信息项及处理（无）</h2>\n"
    resource = _resource(shared, directory)
    names = {} if resource is None else {field.id: field.name for field in resource.fields}
    text = _treatments(shared, names)
    if width(text) > MAX_FIELDS_COLUMNS:
        text = _treatments(shared, {})
    if width(text) > MAX_FIELDS_COLUMNS:
        text = _cut(text, MAX_FIELDS_COLUMNS) + "（未列全，其余见凭证文件）"
    title = f"二、信息项及处理（共 {len(shared.fields)} 项）"
    return f'<h2>{title}</h2>\n<p class="fields">{escape(one_line(text))}</p>\n'


def _treatments(shared: SharedPart, names: Mapping[str, str]) -> str:
    titles = {kind.name: kind.title_zh for kind in operator_types()}
    groups: dict[str, list[str]] = {}
    for field, treatment in shared.fields:
        groups.setdefault(treatment, []).append(f"{names.get(field, '')} {field}".strip())
    told = (
        f"{titles.get(treatment, '')} {treatment}（{len(fields)} 项）：{'、'.join(fields)}"
        for treatment, fields in groups.items()
    )
    return "；".join(told) + "。"


def _proof(proof: Proof) -> Iterator[tuple[str, str]]:
    checked = proof.checked
    # Never longer than its pattern allows.
    yield "日志", f"<code>{escape(checked.origin)}</code>"
    yield "条目序号", f"{checked.number:,}（从 0 起，签名时日志共 {checked.size:,} 条）"
    yield "检查点根", _code(proof.root.hex())
    yield "日志密钥编号", _code(checked.key_id)


def _resource(shared: SharedPart, directory: Directory) -> Resource | None:
    catalogue = directory.catalogue
    return None if catalogue is None else catalogue.resources.get(shared.resource or "")


def _named(code: str, name: str | None) -> str:
    return _code(code) if name is None else f"{escape(_cut(name))} {_code(code)}"


def _code(text: str) -> str:
    return f"<code>{escape(_cut(text))}</code>"


def _cut(text: str, columns: int = MAX_VALUE_COLUMNS) -> str:
    if width(text) > columns:
        # No more than can be in it: fitting takes its time.
        text = fit(text[:columns] + "…", columns)
    return one_line(text)


def _china(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds // 1000, _CHINA)
    return f"{at.year} 年 {at.month} 月 {at.day} 日 {at:%H:%M:%S}（北京时间）"
