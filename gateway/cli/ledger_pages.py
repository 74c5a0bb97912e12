"""The figures of a ledger as one page of HTML that stands alone: tables, bars, no script."""

from collections.abc import Iterator, Sequence
from html import escape

from gateway.cli.ledger_figures import Figure, Figures
from gateway.cli.ledger_reading import china_time

_TITLES = {
    "resource": "按资源",
    "requester": "按使用部门",
    "purpose": "按用途",
    "day": "按日",
    "outcome": "按结果",
}
_COLUMNS = (
    "调用次数",
    "拒绝次数",
    "其中记录不合规",
    "提供记录数",
    "接收记录数",
    "使用部门数",
    "有调用天数",
    "接收时效中位（秒）",
    "接收时效 95%（秒）",
    "最近调用",
)
_BAR_WIDTH, _BAR_HEIGHT = 240, 14
# Rows in a table; the days of two years. What follows is in the answer as JSON.
_ROWS = 750
_HEAD = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>数据共享统计</title>
<style>
body { font: 14px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 2em auto;
       max-width: 76em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100%; margin: .5em 0 2em }
th, td { border: 1px solid #bbb; padding: .2em .6em; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left; white-space: normal }
th { background: #f2f2f2 }
rect { fill: #2f6f9f }
rect.refused { fill: #b5423c }
@media print { body { margin: 0; max-width: none; font-size: 10px } }
</style>
</head>
<body>
"""


def figures_page(
    figures: Figures, ways: Sequence[str], *, name: str, begin: int | None, end: int | None
) -> str:
    """Write the page for the department of that name; times are Unix ms."""
    parts = [
        _HEAD,
        f"<h1>数据共享统计：{escape(name)}</h1>\n<p>{escape(_period(begin, end))}</p>\n",
    ]
    parts += _table("合计", [("全部", figures.all)])
    for way in ways:
        parts += _table(_TITLES[way], figures.sorted(way))
    parts.append(
        "<p>数据取自本节点日志。调用含提供（seal）、接收（open）和还原（reveal）；"
        "接收时效为信封密封至打开的时间；图中红色部分为被拒绝的调用。</p>\n</body>\n</html>\n"
    )
    return "".join(parts)


def _period(begin: int | None, end: int | None) -> str:
    since = "日志开始" if begin is None else china_time(begin)
    until = "现在" if end is None else china_time(end)
    return f"统计时段：{since} 至 {until}"


def _table(title: str, groups: Sequence[tuple[str, Figure]]) -> Iterator[str]:
    most = max((figure.calls for _, figure in groups), default=0)
    yield f"<h2>{escape(title)}</h2>\n<table>\n<tr><th>项目</th>"
    yield from (f"<th>{column}</th>" for column in _COLUMNS)
    yield "<th>调用次数图示</th></tr>\n"
    for name, figure in groups[:_ROWS]:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in _cells(figure))
        yield f"<tr><td>{escape(name) or '（无）'}</td>{cells}<td>{_bar(figure, most)}</td></tr>\n"
    yield "</table>\n"
    if len(groups) > _ROWS:
        yield f"<p>另有 {len(groups) - _ROWS:,} 项未列出。</p>\n"


def _cells(figure: Figure) -> list[str]:
    plain = figure.plain()
    counts = ("calls", "refused", "ill_records", "records_sealed", "records_opened", "requesters")
    told = [f"{plain[name]:,}" for name in (*counts, "days")]
    for share in (0.5, 0.95):
        delay = figure.delay(share)
        told.append("" if delay is None else f"{delay:,.1f}")
    return [*told, "" if figure.last is None else china_time(figure.last)]


def _bar(figure: Figure, most: int) -> str:
    """Draw a bar of all calls, the refused ones at its end."""
    whole = round(_BAR_WIDTH * figure.calls / most) if most else 0
    refused = round(whole * figure.refused / figure.calls) if figure.calls else 0
    label = f"调用 {figure.calls:,} 次，拒绝 {figure.refused:,} 次"
    return (
        f'<svg role="img" width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}"><title>{label}</title>'
        f'<rect width="{whole - refused}" height="{_BAR_HEIGHT}"/>'
        f'<rect class="refused" x="{whole - refused}" width="{refused}" height="{_BAR_HEIGHT}"/>'
        "</svg>"
    )
