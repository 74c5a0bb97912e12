"""`sealgate ledger stats`: what was shared, how much, how soon, and what was refused."""

import argparse
from pathlib import Path

from gateway.cli.ledger_figures import BY, Figure, Figures
from gateway.cli.ledger_reading import Choice, add_period, read_entries
from gateway.cli.terminal import bar, one_line, print_json, table
from gateway.cli.words import add_command, check_outputs
from gateway.config import Places
from gateway.model.times import utc
from gateway.stores.files import write_whole

_BAR_COLUMNS = 30
_ON_PAGE = ("resource", "requester", "purpose", "day", "outcome")
_HEADERS = (
    "calls 调用",
    "refused 拒绝",
    "sealed 提供记录",
    "opened 接收记录",
    "median 时效中位",
    "last 最近",
    "share 占比",
)


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `stats` to the group `ledger`."""
    stats = add_command(group, "stats", _stats, "count what was shared 统计共享情况", node=True)
    add_period(stats)
    stats.add_argument("--by", choices=tuple(BY), default="resource", help="分组")
    stats.add_argument(
        "--html", type=Path, metavar="FILE", help="a page to hand in, in Chinese 统计页面"
    )


def _stats(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    file = places.node_file()
    check_outputs([chosen.html])
    ways = dict.fromkeys((chosen.by, *(_ON_PAGE if chosen.html else ())))
    choice = Choice(begin=chosen.begin, end=chosen.end)
    figures = Figures(tuple(ways)).add(read_entries(places.ledger, choice))
    if chosen.html is not None:
        # The modules of HTML are for who wants a page.
        from gateway.cli.ledger_pages import figures_page

        page = figures_page(figures, _ON_PAGE, name=file.name, begin=choice.begin, end=choice.end)
        write_whole(chosen.html, page.encode())
    if chosen.json:
        print_json(_plain(chosen, figures, file.department))
    else:
        _tell(chosen, figures)
    return 0


def _plain(chosen: argparse.Namespace, figures: Figures, department: str) -> dict[str, object]:
    return {
        "department": department,
        "from": None if chosen.begin is None else utc(chosen.begin // 1000),
        "to": None if chosen.end is None else utc(chosen.end // 1000),
        "all": figures.all.plain(),
        "by": chosen.by,
        "groups": [{"name": name, **one.plain()} for name, one in figures.sorted(chosen.by)],
        "refusals": dict(sorted(figures.refusals.items())),
        "others": dict(sorted(figures.others.items())),
    }


def _tell(chosen: argparse.Namespace, figures: Figures) -> None:
    groups = figures.sorted(chosen.by)
    most = max((one.calls for _, one in groups), default=1)
    rows = [
        (one_line(name) or "(none 无)", *_cells(one), bar(one.calls / most, _BAR_COLUMNS))
        for name, one in groups
    ]
    print(table((chosen.by, *_HEADERS), [*rows, ("all 合计", *_cells(figures.all), "")]))
    if figures.refusals:
        print()
        told = sorted(figures.refusals.items(), key=lambda one: (-one[1], one[0]))
        print(table(("refused 拒绝原因", "calls 调用"), [(code, f"{n:,}") for code, n in told]))
    if chosen.html is not None:
        print(f"{chosen.html} is written 统计页面已写入")


def _cells(figure: Figure) -> tuple[str, ...]:
    median = figure.delay(0.5)
    return (
        f"{figure.calls:,}",
        f"{figure.refused:,}",
        f"{figure.sealed:,}",
        f"{figure.opened:,}",
        "" if median is None else f"{median:,.1f} s",
        "" if figure.last is None else utc(figure.last // 1000),
    )
