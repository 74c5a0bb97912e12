"""The command as a person calls it, in this process or in one of its own."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from gateway.authority import Authority, GrantRequest
from gateway.cli.main import main
from gateway.founding import read_world
from gateway.grants.claims import Approval
from gateway.stores.clock import system_clock

ROOT = Path(__file__).parents[2]
RESOURCE = "3070010010001/000001"
PUBLIC_RESOURCE = "3070010020001/000002"
PURPOSE = "medical-assistance"
PROVIDER, REQUESTER, OUTSIDER = (
    next(one.id for one in read_world().departments if one.role == role)
    for role in ("provider", "requester", "outsider")
)
# No free text, whose scrubbing takes a second to load; every type but binary.
FIELDS = (
    "name",
    "resident_id",
    "sex",
    "birth_date",
    "ethnicity",
    "region",
    "address",
    "mobile",
    "bank_card",
    "monthly_income",
    "household_size",
    "disabled",
    "category",
    "valid_until",
    "updated_at",
    "home_location",
)
ROW: Mapping[str, Any] = {
    "name": "张三丰",
    "resident_id": "11010519491231002X",
    "sex": "1",
    "birth_date": "19491231",
    "ethnicity": "01",
    "region": "140105",
    "address": "山西省太原市小店区某路1号",
    "mobile": "13800138000",
    "bank_card": None,
    "monthly_income": "812.50",
    "household_size": 3,
    "disabled": False,
    "category": "01",
    "valid_until": "长期",
    "updated_at": "2026-01-31T08:30:00",
    "home_location": "112.55,37.87",
}
# A resource whose values are public: what comes out is what went in.
PUBLIC_FIELDS = (
    "uscc",
    "name",
    "legal_representative",
    "status",
    "registered_capital",
    "established_date",
    "certificate_until",
    "region",
    "address",
    "landline",
    "email",
    "updated_at",
)
PUBLIC_ROW: Mapping[str, Any] = {
    "uscc": REQUESTER,
    "name": "青岚市慈善会",
    "legal_representative": "李四",
    "status": "1",
    "registered_capital": "50000.00",
    "established_date": "2001-02-28",
    "certificate_until": "长期",
    "region": "140105",
    "address": "小店区长风街1号",
    "landline": "0350-6682780",
    "email": None,
    "updated_at": "2026-01-31 08:30:00",
}
# An entry of ours: every type, nothing masked, nothing that a kind judges.
PLAIN_RESOURCE = "3070010090001/000009"
PLAIN_ENTRY = f"""\
code: {PLAIN_RESOURCE}
name: 各类型信息项
abstract: 每种类型一项
classification: {{category: 部门信息资源, item: 民政, detail: 测试}}
provider: {{department: {PROVIDER}, name: 青岚市民政局}}
format: 数据库
share: {{class: unconditional}}
open: {{class: none}}
use_requirements: 无
update_cycle: 每日
source_business: 测试
grade: G1
published: 2026-03-02
protection: {{users: 无, region: 无, scope: 无, masking: 无, authorization: 无, tracing: 无}}
secrecy_review: {{date: 2026-02-10, reference: 青民保审〔2026〕9号}}
fields:
  - id: text
    name: 文本
    type: C
    grade: G1
    length: 40
    required: false
    'null': true
    empty: true
  - {{id: must, name: 必填, type: string, grade: G1, length: 4}}
  - {{id: count, name: 整数, type: I, grade: G1, required: false, 'null': true}}
  - {{id: amount, name: 金额, type: 'Y', grade: G1, precision: 8, scale: 2, required: false}}
  - {{id: flag, name: 是否, type: L, grade: G1, required: false}}
  - id: day
    name: 日期
    type: D
    grade: G1
    format: YYYY年MM月DD日
    required: false
    open_end: true
  - {{id: moment, name: 时刻, type: T, grade: G1, format: 'YYYY-MM-DDTHH:mm:ssZ', required: false}}
  - {{id: sex, name: 性别, type: code, grade: G1, code_list: sex, required: false}}
  - {{id: point, name: 位置, type: geo_point, grade: G1, required: false}}
  - {{id: blob, name: 附件, type: G, grade: G1, length: 8, required: false}}
"""
PLAIN_FIELDS = (
    "text",
    "must",
    "count",
    "amount",
    "flag",
    "day",
    "moment",
    "sex",
    "point",
    "blob",
)


class Answer(NamedTuple):
    """What a run of the command gave."""

    status: int
    out: str
    err: str

    @property
    def code(self) -> str:
        """Return the code of a refusal, by the last line of standard error."""
        assert self.status == 3, self
        word, code, text = self.err.splitlines()[-1].split(": ", 2)
        assert word == "refused"
        assert text
        return code

    @property
    def json(self) -> Any:
        """Return the one JSON value on standard output."""
        return json.loads(self.out)


def call(*arguments: object) -> Answer:
    """Run the command in this process; a fault of the program itself fails the test."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(list(map(str, arguments)))
        except SystemExit as ended:
            status = int(ended.code or 0)
    answer = Answer(status, *(_text(stream) for stream in (out, err)))
    assert "internal error" not in answer.err, answer.err
    return answer


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def done(*arguments: object) -> Answer:
    """Run the command in this process; it must succeed."""
    answer = call(*arguments)
    assert answer.status == 0, answer.err
    return answer


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which the command finds the project, and nothing of ours else."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **kept, **changes}


COMMAND = (sys.executable, "-m", "gateway.cli.main")


def spawn(
    *arguments: object, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, to its end; output as bytes."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=env or environment(),
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


class Desk:
    """A founded world on disk, and the calls that most tests make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.provider = folder / "authority", folder / "provider"
        self.requester, self.outsider = folder / "requester", folder / "outsider"
        self.grant = self.requester / "grants" / "wide.jwt"
        self.public = self.requester / "grants" / "public.jwt"
        self.plain = self.requester / "grants" / "plain.jwt"

    def issue(self, name: str = "wide", **changes: Any) -> Path:
        """Issue a grant to the requester, and bring every node the trust data."""
        request = GrantRequest(
            **{
                "requester": REQUESTER,
                "provider": PROVIDER,
                "resource": RESOURCE,
                "purpose": PURPOSE,
                "fields": FIELDS,
                "level": "G2",
                "approval": Approval(by="青岚市民政局", at=system_clock() // 1000, reference="1"),
                **changes,
            }
        )
        token = Authority(self.authority).issue(request)
        path = self.requester / "grants" / f"{name}.jwt"
        path.write_text(token + "\n", "ascii")
        self.share()
        return path

    def add_plain(self) -> None:
        """Catalogue the entry of ours, and grant all of it to the requester."""
        folder = self.authority / "trust" / "catalogue" / "resources"
        (folder / "plain.yaml").write_text(PLAIN_ENTRY, "utf-8")
        self.issue("plain", resource=PLAIN_RESOURCE, fields=PLAIN_FIELDS, approval=None)

    def issue_public(self) -> Path:
        """Issue a grant on the resource whose values come out as they went in."""
        return self.issue("public", resource=PUBLIC_RESOURCE, fields=PUBLIC_FIELDS, approval=None)

    def share(self) -> None:
        """Bring every node what the authority published last."""
        out = self.folder / "published"
        done("trust", "export", "--authority", self.authority, "--out", out)
        for node in (self.provider, self.requester, self.outsider):
            done("trust", "import", "--node", node, out)

    def write(self, content: bytes | str | Sequence[Mapping[str, Any]], name: str) -> Path:
        """Write a file of records."""
        path = self.folder / name
        if isinstance(content, str):
            content = content.encode()
        elif not isinstance(content, bytes):
            content = json.dumps(content, ensure_ascii=False).encode()
        path.write_bytes(content)
        return path

    def seal_arguments(self, records: Path, *more: object, grant: Path | None = None) -> list[Any]:
        """Return the arguments that seal `records` to `envelope.bin`."""
        arguments: list[object] = ["seal", "--node", self.provider, "--resource", RESOURCE]
        arguments += ["--purpose", PURPOSE, "--grant", grant or self.grant]
        return [*arguments, "--records", records, "--out", self.envelope, *more]

    def seal(self, records: Path, *more: object, grant: Path | None = None) -> Answer:
        """Seal `records` to `envelope.bin`."""
        return call(*self.seal_arguments(records, *more, grant=grant))

    def seal_public(self, records: Path, *more: object) -> Answer:
        """Seal `records` of the public resource to `envelope.bin`."""
        return self.seal(records, "--resource", PUBLIC_RESOURCE, *more, grant=self.public)

    def seal_plain(self, records: Path, *more: object) -> Answer:
        """Seal `records` of the entry of ours to `envelope.bin`."""
        return self.seal(records, "--resource", PLAIN_RESOURCE, *more, grant=self.plain)

    @property
    def envelope(self) -> Path:
        """Name the file that `seal` writes."""
        return self.folder / "envelope.bin"

    def open(self, *more: object, name: str = "opened.json") -> Answer:
        """Open `envelope.bin` as the requester."""
        out = self.folder / name
        return call("open", "--node", self.requester, self.envelope, "--out", out, *more)

    def opened(self, *more: object) -> list[dict[str, Any]]:
        """Open `envelope.bin`; return its records."""
        answer = self.open(*more)
        assert answer.status == 0, answer.err
        rows: list[dict[str, Any]] = json.loads((self.folder / "opened.json").read_bytes())
        return rows

    def left_behind(self) -> list[str]:
        """List files that look like temporary ones."""
        return [
            str(path)
            for path in self.folder.rglob(".*")
            if path.name not in (".keys.json.lock",) and not path.name.startswith(".state")
        ]
