"""`sealgate ledger stats` counts what was shared, how much, how soon, and what was refused."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.ledger_figures import Figure, Figures
from gateway.cli.ledger_pages import figures_page
from gateway.cli.ledger_reading import LedgerEntry
from gateway.model.call import PrivatePart, SharedPart
from tests.cli.command import (
    PROVIDER,
    PUBLIC_RESOURCE,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    done,
)

DAY = 86_400_000
NOON = 1_795_233_600_000  # 2026-11-21T12:00:00+08:00


@pytest.fixture
def used(desk: Desk) -> Desk:
    """Seal three records and one, be refused once, and open the last."""
    assert desk.seal(desk.write([ROW] * 3, "records.json")).status == 0
    assert desk.seal(desk.write([{"name": 1}], "wrong.json")).code == "FIELD_INVALID"
    assert desk.seal_public(desk.write([PUBLIC_ROW], "public.json")).status == 0
    assert desk.open().status == 0
    return desk


def stats(node: Path, *more: object) -> dict[str, Any]:
    """Return the figures of a node as JSON."""
    found: dict[str, Any] = done("ledger", "stats", "--node", node, "--json", *more).json
    return found


def test_calls_records_and_refusals_are_counted(used: Desk) -> None:
    """For each resource, the one with most calls first."""
    found = stats(used.provider)
    assert found["department"] == PROVIDER
    assert (found["all"]["calls"], found["all"]["refused"]) == (3, 1)
    assert (found["all"]["records_sealed"], found["all"]["ill_records"]) == (4, 1)
    assert found["refusals"] == {"FIELD_INVALID": 1}
    groups = {one["name"]: one for one in found["groups"]}
    assert [*groups] == [RESOURCE, PUBLIC_RESOURCE]
    assert (groups[RESOURCE]["calls"], groups[RESOURCE]["records_sealed"]) == (2, 3)
    assert groups[RESOURCE]["requesters"] == groups[RESOURCE]["days"] == 1
    assert found["others"]["keys"] >= 1


def test_who_receives_sees_how_soon(used: Desk) -> None:
    """From sealing to opening, in seconds."""
    found = stats(used.requester, "--by", "purpose")
    (group,) = found["groups"]
    assert (group["name"], group["records_opened"], group["records_sealed"]) == (PURPOSE, 1, 0)
    assert 0 <= group["delay_median"] <= group["delay_95"] < 600


@pytest.mark.parametrize(
    ("way", "names"),
    [
        ("requester", {REQUESTER}),
        ("provider", {PROVIDER}),
        ("outcome", {"ok", "FIELD_INVALID"}),
        ("kind", {"seal"}),
        ("caller", {"cli"}),
    ],
)
def test_calls_are_grouped_as_asked(used: Desk, way: str, names: set[str]) -> None:
    """Each of the groups has its figures."""
    found = stats(used.provider, "--by", way)
    assert {one["name"] for one in found["groups"]} == names
    assert sum(one["calls"] for one in found["groups"]) == 3


def test_days_are_those_of_the_period(used: Desk) -> None:
    """In their order; outside of it nothing is counted."""
    (day,) = (one["name"] for one in stats(used.provider, "--by", "day")["groups"])
    assert stats(used.provider, "--from", day, "--to", day)["all"]["calls"] == 3
    assert stats(used.provider, "--to", "2020-01-01")["all"]["calls"] == 0
    assert stats(used.provider, "--by", "month")["groups"][0]["name"] == day[:7]


def test_people_see_a_table_with_bars(used: Desk) -> None:
    """The longest bar is that of most calls."""
    out = done("ledger", "stats", "--node", used.provider).out
    bars = {line.split()[0]: line.count("█") for line in out.splitlines() if "█" in line}
    assert bars == {RESOURCE: 30, PUBLIC_RESOURCE: 15}
    assert re.search(r"^all 合计 +3 +1 +4 ", out, re.M)
    assert re.search(r"^FIELD_INVALID +1$", out, re.M)


class Page(HTMLParser):
    """What is in a page: tags, and the text of cells and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th", "h1", "h2"):
            self.texts.append(data)


def test_the_page_stands_alone_and_is_well_formed(used: Desk) -> None:
    """Every tag is closed; nothing is fetched and nothing runs."""
    out = used.folder / "figures.html"
    answer = done("ledger", "stats", "--node", used.provider, "--html", out)
    assert str(out) in answer.out
    page = Page(out.read_text("utf-8"))
    assert page.open == []
    assert not {"script", "img", "link"} & set(page.tags)
    assert {"按资源", "按使用部门", "按用途", "按日", "按结果", RESOURCE, REQUESTER} <= set(
        page.texts
    )
    assert page.tags.count("svg") == page.tags.count("tr") - page.tags.count("table")


def entry(time: int, outcome: str = "ok", **more: Any) -> LedgerEntry:
    """Make an entry of a call."""
    kind = more.pop("kind", "seal")
    shared = SharedPart(version=1, time=time, kind=kind, outcome=outcome, **more)
    return LedgerEntry("node-0", 0, shared, PrivatePart(caller="x"))


def test_strangers_count_as_often_as_they_came() -> None:
    """They were summed up in one entry."""
    figures = Figures(["outcome"]).add([entry(NOON, "TOKEN_MALFORMED", count=7), entry(NOON)])
    assert (figures.all.calls, figures.all.refused) == (8, 7)
    assert figures.refusals == {"TOKEN_MALFORMED": 7}
    assert figures.groups["outcome"]["TOKEN_MALFORMED"].calls == 7


def test_shares_of_delays_are_those_of_the_calls() -> None:
    """Half were opened within the median; a clock that is behind counts as none."""
    figure = Figure()
    sealed = f"{NOON:012x}" + "0" * 20
    for delay in (-5000, 1000, 2000, 3000, 600_000):
        figure.add(entry(NOON + delay, kind="open", envelope=sealed, records=1))
    assert (figure.delay(0.5), figure.delay(0.95)) == (2.0, 600.0)
    assert figure.opened == 5
    assert Figure().delay(0.5) is None


def test_days_stand_in_their_order_and_others_by_calls() -> None:
    """Whatever came first."""
    times = (NOON + DAY, NOON + DAY, NOON, NOON + 14 * 3_600_000)
    figures = Figures(["day", "resource"]).add(entry(time, resource=f"r/{time}") for time in times)
    assert [name for name, _ in figures.sorted("day")] == ["2026-11-21", "2026-11-22"]
    assert [one.calls for _, one in figures.sorted("resource")] == [2, 1, 1]


def test_what_stands_in_the_page_is_text_alone() -> None:
    """A caller's name, or whatever else, is no tag."""
    figures = Figures(["resource"]).add([entry(NOON, resource="<b>&amp;")])
    text = figures_page(figures, ["resource"], name="<i>局", begin=None, end=NOON)
    page = Page(text)
    assert not {"b", "i"} & set(page.tags)
    assert "&lt;b&gt;&amp;amp;" in text
    assert "2026-11-21T12:00:00+08:00" in text
