"""The story that `sealgate demo` tells: two departments, one resource, nine refusals."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from gateway.authority import Authority, GrantRequest
from gateway.cli.envelopes import visible
from gateway.cli.exchange import WORDS_ZH, spell_treatment
from gateway.cli.terminal import fit, table, width
from gateway.envelope.opening import parse_envelope
from gateway.founding import World, found_world
from gateway.grants.claims import Approval
from gateway.grants.token import parse_token
from gateway.model.call import Opened, Row, Sealed, SealRequest
from gateway.model.trust import Blocks
from gateway.node import Node
from gateway.sample import rows
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from keys.errors import SealgateError

RESOURCE = "3070010010001/000001"
PURPOSE = "medical-assistance"
LEVEL = "G2"
FIELDS = (
    "name",
    "resident_id",
    "birth_date",
    "region",
    "address",
    "mobile",
    "bank_card",
    "monthly_income",
    "category",
    "valid_until",
    "visit_note",
)
FREE_TEXT = "visit_note"
# Columns of a value that the demo shows.
SHOWN = 30


class Story:
    """One telling of the story in a folder."""

    def __init__(self, folder: Path, count: int, language: str) -> None:
        self._world: World = found_world(folder)
        self._count, self._zh = count, language == "zh"
        self._fields = tuple(name for name in FIELDS if name != FREE_TEXT or _reads_free_text())
        self._authority = Authority(self._world.place("authority"))
        self._provider = self._world.departments["provider"]
        self._requester = self._world.departments["requester"]
        self._outsider = self._world.departments["outsider"]

    def tell(self) -> int:
        """Tell it on standard output."""
        grant = self._grant("medical-assistance.jwt")
        self._world.share_trust()
        with (
            Node(self._world.place("provider")) as provider,
            Node(self._world.place("requester")) as requester,
        ):
            resource = provider.snapshot().trust.catalogue.resources[RESOURCE]
            self._introduce(resource.name)
            records = self._records(provider)
            request = self._request(grant, records)
            sealed = provider.seal(request)
            opened = requester.open(sealed.envelope)
            self._show_fields(provider, grant, records, opened)
            self._show_wire(sealed)
            self._show_opened(opened)
            self._show_refusals(provider, requester, request, sealed)
        return 0

    def _say(self, zh: str, en: str) -> None:
        print(zh if self._zh else en)

    def _name(self, department: "object") -> str:
        return str(getattr(department, "name" if self._zh else "name_en"))

    def _introduce(self, resource: str) -> None:
        provider, requester = self._name(self._provider), self._name(self._requester)
        self._say(
            f"{provider} → {requester}：共享“{resource}”（{RESOURCE}）\n"
            f"用途：医疗救助（住院和门诊救助资格核定）；授权级别 {LEVEL}；{self._count} 条记录\n",
            f"{provider} → {requester}: {resource} ({RESOURCE})\n"
            f"purpose: {PURPOSE} (eligibility for assistance in hospital); "
            f"level {LEVEL}; {self._count} records\n",
        )
        if FREE_TEXT not in self._fields:
            self._say(
                "未安装 sealgate[text]，本次不含自由文本字段。\n",
                "sealgate[text] is not installed: the free text field is left out.\n",
            )

    def _grant(
        self,
        name: str,
        *,
        requester: str | None = None,
        begins: int | None = None,
        days: float = 30,
    ) -> str:
        request = GrantRequest(
            requester=requester or self._requester.id,
            provider=self._provider.id,
            resource=RESOURCE,
            purpose=PURPOSE,
            fields=self._fields,
            level=LEVEL,
            days=days,
            scenario="住院和门诊救助资格核定",
            begins=begins,
            approval=Approval(
                by=self._provider.name, at=system_clock() // 1000, reference="演示〔1〕号"
            ),
        )
        token = self._authority.issue(request)
        if name:
            # The requester holds its grant; the provider gets a copy with the request.
            for role in ("requester", "provider"):
                write_whole(
                    self._world.folder / role / "grants" / name, token.encode() + b"\n", mode=0o600
                )
        return token

    def _records(self, provider: Node) -> list[Row]:
        catalogue = provider.snapshot().trust.catalogue
        made = rows(catalogue.resources[RESOURCE], catalogue.code_lists, rows=self._count, seed=7)
        wanted = [{k: v for k, v in record.items() if k in self._fields} for record in made]
        data = msgspec.json.encode(wanted)
        write_whole(self._world.place("provider") / "records.json", data, mode=0o600)
        return msgspec.json.decode(data, type=list[Row])

    def _request(self, grant: str, records: list[Row]) -> SealRequest:
        return SealRequest(
            resource=RESOURCE,
            purpose=PURPOSE,
            grant=grant,
            records=msgspec.json.encode(records),
            caller="demo",
        )

    def _show_fields(self, provider: Node, grant: str, records: list[Row], opened: Opened) -> None:
        before, after = records[0], opened.rows()[0]
        headers = (
            ("字段", "级别", "处理", "决定层", "提供方的值", "使用方得到的值")
            if self._zh
            else ("field", "grade", "treatment", "layer", "before", "after")
        )
        lines = [
            (
                field.name if self._zh else field.id,
                field.grade,
                spell_treatment(field.treatment),
                WORDS_ZH[field.layer] if self._zh else field.layer,
                _shown(before.get(field.id, "")),
                _shown(after[field.id]) if field.id in after else "—",
            )
            for field in provider.explain(RESOURCE, grant).fields
        ]
        print(table(headers, lines) + "\n")

    def _show_wire(self, sealed: Sealed) -> None:
        parsed = parse_envelope(sealed.envelope)
        shown = visible(parsed)
        self._say("共享平台看到的全部内容：", "all that the exchange sees:")
        print(f"  {shown['type']} {shown['id']}, suite {shown['suite']}")
        print(f"  {shown['sender']} (key {shown['sender_key_id']})")
        print(f"  → {shown['recipient']} (key {shown['recipient_key_id']})")
        print(f"  {shown['created']} – {shown['expires']}")
        print(f"  digest {shown['digest']}")
        print(f"  {shown['payload_bytes']:,} B: {parsed.payload[:32].hex()}…\n")
        write_whole(self._world.folder / "envelope.bin", sealed.envelope)

    def _show_opened(self, opened: Opened) -> None:
        receipt = opened.receipt
        self._say(
            f"使用方打开：{opened.manifest.records} 条记录，验签通过，已记入日志"
            f"（凭证 {receipt.entry[:16]}…）\n",
            f"the requester opened it: {opened.manifest.records} records, signature good, "
            f"entered (receipt {receipt.entry[:16]}…)\n",
        )

    def _show_refusals(
        self, provider: Node, requester: Node, request: SealRequest, sealed: Sealed
    ) -> None:
        self._say("逐一尝试，逐一拒绝：", "tried, and refused:")
        lines = []
        for zh, en, attempt in self._attempts(provider, requester, request, sealed):
            try:
                attempt()
            except SealgateError as refusal:
                text = refusal.message_zh if self._zh else refusal.message
                lines.append((zh if self._zh else en, refusal.code, text))
            else:
                raise AssertionError(f"the demo was not refused: {en}")
        headers = ("尝试", "代码", "说明") if self._zh else ("attempt", "code", "text")
        print(table(headers, lines))

    def _attempts(
        self, provider: Node, requester: Node, request: SealRequest, sealed: Sealed
    ) -> Iterator[tuple[str, str, Callable[[], object]]]:
        def with_field(name: str) -> SealRequest:
            records = msgspec.json.decode(request.records, type=list[Row])
            return self._request(request.grant, [{**records[0], name: "1"}])

        def with_grant(token: str) -> SealRequest:
            self._world.share_trust()
            return msgspec.structs.replace(request, grant=token)

        yield "未编目字段", "uncatalogued field", lambda: provider.seal(with_field("blood_type"))
        yield (
            "授权外字段",
            "field out of scope",
            lambda: provider.seal(with_field("household_size")),
        )
        past = system_clock() // 1000 - 10 * 86400
        expired = with_grant(self._grant("", begins=past, days=5))
        yield "过期授权", "expired grant", lambda: provider.seal(expired)
        token = self._grant("")
        self._authority.revoke(_jti(token))
        revoked = with_grant(token)
        yield "已撤销授权", "revoked grant", lambda: provider.seal(revoked)
        blocked = with_grant(self._grant(""))
        yield "被封禁授权", "blocked grant", lambda: self._seal_blocked(provider, blocked)
        broken = bytearray(sealed.envelope)
        broken[len(broken) // 2] ^= 1
        yield "篡改一个比特", "one bit flipped", lambda: requester.open(bytes(broken))
        with Node(self._world.place("outsider")) as outsider:
            yield "他部门的授权", "another department's grant", lambda: outsider.seal(request)
            yield "错误的接收方", "wrong recipient", lambda: outsider.open(sealed.envelope)
        yield "重放", "replay", lambda: requester.open(sealed.envelope)

    def _seal_blocked(self, provider: Node, request: SealRequest) -> None:
        blocks = provider.places.blocks
        held = msgspec.to_builtins(Blocks(grants=frozenset({_jti(request.grant)})))
        write_whole(blocks, msgspec.json.encode(held))
        try:
            provider.seal(request)
        finally:
            blocks.unlink()


def _reads_free_text() -> bool:
    return find_spec("presidio_analyzer") is not None


class _Named(msgspec.Struct):
    jti: str


def _jti(token: str) -> str:
    return msgspec.json.decode(parse_token(token).payload, type=_Named).jti


def _shown(value: object) -> str:
    text = "—" if value is None else str(value)
    return text if width(text) <= SHOWN else fit(text, SHOWN).rstrip()
