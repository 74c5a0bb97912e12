"""The story that `sealgate demo` tells: a family in need applies for medical assistance.

Three acts, in each of which one department asks another; then what must not
happen, tried and refused; then what it costs.
"""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from gateway.cli.demo.refusals import try_what_is_refused
from gateway.cli.demo.stage import LEVEL, Act, Played, reads_free_text, set_stage
from gateway.cli.demo.timing import Timing, time_calls
from gateway.cli.envelopes import visible
from gateway.cli.exchange import WORDS_ZH, spell_treatment
from gateway.cli.terminal import Style, bar, fit, painted, table, width
from gateway.envelope.opening import parse_envelope
from gateway.founding import World
from gateway.ledger.tree import leaf_hash
from gateway.model.call import ExplainedField
from gateway.stores.files import write_whole
from masking.counting import counted

FREE_TEXT = "visit_note"
# Columns of a value, and of a bar, that are shown.
SHOWN = 26
BAR = 40
# Characters shown before the place where two long values begin to differ.
LED_UP_BY = 6

# Medical insurance asks civil affairs: is the family in need?
NEED = Act(
    asker="requester",
    asked="provider",
    resource="3070010010001/000001",
    purpose="medical-assistance",
    scenario="住院和门诊救助资格核定",
    fields=(
        "name",
        "resident_id",
        "birth_date",
        "region",
        "address",
        "mobile",
        "bank_card",
        "monthly_income",
        "category",
        FREE_TEXT,
    ),
    file="medical-assistance",
)
# Medical insurance asks public security: who belongs to the family?
FAMILY = Act(
    asker="requester",
    asked="public-security",
    resource="1010020010001/000002",
    purpose="medical-assistance",
    scenario="住院和门诊救助资格核定",
    fields=("name", "resident_id", "relation", "spouse_name", "child_name", "child_birth_date"),
    file="household-members",
)
# Civil affairs asks medical insurance in turn: does illness make the family poor?
COSTS = Act(
    asker="provider",
    asked="requester",
    resource="2010010010001/000001",
    purpose="temporary-assistance",
    scenario="因病支出型困难家庭审核",
    fields=("name", "resident_id", "hospital_name", "admitted", "diagnosis_name", "self_paid"),
    file="medical-settlements",
)

_STYLES: dict[str, Style] = {"partial": "partial", "linkable": "linkable", "nothing": "gone"}


class Story:
    """One telling of the story in a folder."""

    def __init__(self, folder: Path, count: int, language: str) -> None:
        self._folder, self._count, self._zh = folder, count, language == "zh"

    def tell(self) -> int:
        """Tell it on standard output."""
        need = NEED
        if not reads_free_text():
            need = need._replace(fields=tuple(f for f in need.fields if f != FREE_TEXT))
        with set_stage(self._folder) as stage:
            acts = (need, FAMILY, COSTS)
            tokens = [stage.issue(act, kept=True) for act in acts]
            stage.world.share_trust()
            self._introduce(free_text=FREE_TEXT in need.fields)
            played = []
            for number, (act, token) in enumerate(zip(acts, tokens, strict=True), 1):
                played.append(stage.play(act, token, self._count))
                self._show(stage.world, number, act, played[-1])
            self._compare(*played[:2])
            self._show_refusals(
                [
                    (zh if self._zh else en, refusal.code, self._of(refusal))
                    for zh, en, refusal in try_what_is_refused(stage, need, played[0])
                ]
            )
            self._show_timings(time_calls(stage, FAMILY, played[1]))
        return 0

    def _say(self, zh: str, en: str, style: Style | None = None) -> None:
        print(painted(zh if self._zh else en, style))

    def _of(self, refusal: "object") -> str:
        return str(getattr(refusal, "message_zh" if self._zh else "message"))

    def _name(self, named: "object") -> str:
        return str(getattr(named, "name" if self._zh else "name_en"))

    def _introduce(self, *, free_text: bool) -> None:
        self._say(
            "困难家庭申请医疗救助：一次申请，三次交换，各部门只见其应见",
            "A family in need applies for medical assistance: "
            "three exchanges, and each department sees what it must",
            "strong",
        )
        if not free_text:
            self._say(
                "未安装 sealgate[text]，本次不含自由文本字段。",
                "sealgate[text] is not installed: the free text field is left out.",
            )

    def _show(self, world: World, number: int, act: Act, played: Played) -> None:
        asker, asked = (self._name(world.departments[role]) for role in (act.asker, act.asked))
        resource = played.resource
        print()
        self._say(
            f"{number}. {asked} → {asker}：{resource.name}（{resource.code}）",
            f"{number}. {asked} → {asker}: {resource.name_en} ({resource.code})",
            "strong",
        )
        self._say(
            f"   用途：{act.scenario}；授权级别 {LEVEL}；{self._count} 条记录",
            f"   purpose: {act.purpose}; level {LEVEL}; {counted(self._count, 'record')}",
        )
        print(self._fields(played))
        self._show_wire(played)
        if number == 1:
            write_whole(self._folder / "envelope.bin", played.sealed.envelope)
        count = played.opened.manifest.records
        receipt = leaf_hash(played.opened.receipt.leaf).hex()[:16]
        self._say(
            f"使用方得到：{count} 条，验签通过，已记入日志（凭证 {receipt}…）",
            f"the requester gets: {counted(count, 'record')}, signature good, "
            f"entered in the ledger (receipt {receipt}…)",
        )

    def _fields(self, played: Played) -> str:
        before, after = played.records[0], played.opened.rows()[0]
        headers = (
            ("信息项", "级别", "处理", "决定层", "提供方的值", "使用方得到的值")
            if self._zh
            else ("field", "grade", "treatment", "layer", "before", "after")
        )
        fields = played.explanation.fields
        lines = [
            (
                field.name if self._zh else field.id,
                field.grade,
                spell_treatment(field.treatment, brief=True),
                WORDS_ZH[field.layer] if self._zh else field.layer,
                *_shown(before.get(field.id), after.get(field.id)),
            )
            for field in fields
        ]
        return table(headers, lines, [_style(field) for field in fields])

    def _show_wire(self, played: Played) -> None:
        parsed = parse_envelope(played.sealed.envelope)
        shown = visible(parsed)
        self._say("共享平台看到的全部内容：", "all that the exchange sees:")
        print(
            f"  {shown['type']} {shown['id']}, suite {shown['suite']}, "
            f"{shown['created']} – {shown['expires']}\n"
            f"  {shown['sender']} (key {shown['sender_key_id']})"
            f" → {shown['recipient']} (key {shown['recipient_key_id']})"
        )
        print(painted(f"  {shown['payload_bytes']:,} B: {parsed.payload[:32].hex()}…", "faint"))

    def _compare(self, need: Played, family: Played) -> None:
        """Show what can be joined across two providers, and what cannot."""
        pairs = list(zip(need.opened.rows(), family.opened.rows(), strict=True))
        names = sum(a["name"] == b["name"] for a, b in pairs)
        pseudonyms = sum(a["resident_id"] == b["resident_id"] for a, b in pairs)
        total = len(pairs)
        print()
        self._say(
            f"核对：姓名一致 {names}/{total}，身份证号的假名相同 {pseudonyms}/{total}："
            "各部门的假名密钥不同，未经授权无法拼接。",
            f"compared: {names} of {total} names agree, and {pseudonyms} of {total} pseudonyms: "
            "keys differ, so what was not granted is not joined.",
        )

    def _show_refusals(self, lines: Sequence[tuple[str, str, str]]) -> None:
        print()
        self._say("逐一尝试，逐一拒绝：", "tried, and refused:", "strong")
        headers = ("尝试", "代码", "说明") if self._zh else ("attempt", "code", "text")
        print(table(headers, lines))

    def _show_timings(self, timings: Sequence[Timing]) -> None:
        print()
        self._say(
            "用时（含写入日志并落盘）：", "time it takes, ledger and disk included:", "strong"
        )
        calls = [
            (verb, timing.records, seconds)
            for timing in timings
            for verb, seconds in (
                ("密封" if self._zh else "seal", timing.seal),
                ("打开" if self._zh else "open", timing.open),
            )
        ]
        longest = max(seconds for _, _, seconds in calls)
        for verb, records, seconds in calls:
            drawn = painted(bar(seconds / longest, BAR), "good")
            print(f"  {verb} {records:>5,}  {seconds * 1000:>7.1f} ms  {drawn}")


def _style(field: ExplainedField) -> Style | None:
    return _STYLES.get(field.disclosure)


def _shown(before: object, after: object) -> tuple[str, str]:
    """Cut two values to what is shown of them, where long ones begin to differ."""
    texts = ["—" if value is None else str(value) for value in (before, after)]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    if width(texts[0][:same]) > SHOWN // 2 and texts[0] != texts[1]:
        texts = ["…" + text[same - LED_UP_BY :] for text in texts]
    old, new = (text if width(text) <= SHOWN else fit(text, SHOWN).rstrip() for text in texts)
    return old, new
