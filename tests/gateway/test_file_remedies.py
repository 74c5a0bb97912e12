"""Whoever does what a remedy says, to the letter, has healed the fault of the file."""

import copy
from collections.abc import Sequence

import pytest
from msgspec import Struct

from gateway.catalogue import read_catalogue
from gateway.catalogue.reading import GradeFile
from gateway.config import AuthorityFile, NodeFile
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import CodeList, Purposes, Resource
from gateway.model.trust import Department
from gateway.stores.blocks import BlocksFile
from gateway.trust import IssuerFile, Term
from masking.document import salvage
from masking.faults import Fault
from tests import remedies
from tests.gateway import test_catalogue_at_once as at_once
from tests.gateway.small_catalogue import SOUND
from tests.mutations import mutated
from tests.remedies import Wrong

KEY = """{key_id: jvezegx37arll5pnw7j3ynbcsz, purpose: signing, suite: 1, public: AAAA,
  not_before: 1, not_after: 3, retired_at: 5, revoked_at: 6}"""
FILES: dict[type[Struct], str] = {
    Resource: """
code: a/1
name: 资源
name_en: resource
abstract: 无
classification: {category: a, item: b, detail: c, sub_detail: d}
provider: {department: 11149900MB0C12002H, name: 部门}
format: 数据库
share:
  class: dedicated
  condition: 无
  mode: [接口]
  basis: 《办法》
  departments: [11149900MB0C13013W]
  review_by: 2027-01-01
open: {class: conditional, condition: 无}
use_requirements: 无
update_cycle: 每日
source_business: 无
grade: G3
published: 2026-01-01
related: [a/2]
protection:
  {users: a, region: b, scope: c, masking: d, authorization: e, tracing: f, agreement: true}
secrecy_review: {date: 2026-01-01, reference: '1'}
region_field: town
status: replaced
replaced_by: a/2
fields:
- {id: town, name: 区, name_en: t, type: string, kind: region, grade: G2, cap: clear, length: 3,
   required: false, 'null': true, empty: true, description: x}
- {id: amount, name: 额, type: decimal, precision: 9, scale: 1, grade: G2}
- {id: day, name: 日, type: date, format: YYYYMM, open_end: true, grade: G2}
- {id: sex, name: 别, type: code, code_list: sex, grade: G2}
""",
    CodeList: """
{id: s, name: 别, name_en: s, source: x, codes: [{code: '2', name: 女, name_en: f}]}
""",
    Purposes: "{purposes: [{id: p, name: 用, name_en: u, basis: 法, scenarios: [场]}]}",
    GradeFile: """
id: own
grades: [{id: G9, title: t, title_zh: 题, cap: clear, above_level: partial, core: false}]
""",
    Term: "{version: 3, issued: 1, expires: 2}",
    Department: f"""
id: 11149900MB0C12002H
issued: 5
name: 部门
name_en: d
suites: [1]
keys: [{KEY}]
successor: 11149900MB0C13013W
""",
    IssuerFile: f"""
issuers:
- {{iss: urn:x, name: x, algorithms: [EdDSA], keys: [{KEY}], providers: [a], resources: [a/1]}}
""",
    NodeFile: """
department: 11149900MB0C12002H
name: 部门
name_en: d
suites: [1]
passphrase_file: p
node: n
subject_days: 9
callers:
- {name: a, calls_per_second: 9, may: [seal, read_ledger, administer], group: g,
   resources: [a/1], certificates: [spiffe://a/b]}
listen: {address: 'a:1', certificate: c, key: k, clients: a}
metrics: 127.0.0.1:9464
tracing: {endpoint: 'http://127.0.0.1:4318', sample: 0.5}
""",
    AuthorityFile: "{iss: urn:x, name: 部门, status_uri: d, fresh_days: 3, passphrase_file: p}",
    BlocksFile: "{requesters: [11149900MB0C13013W], grants: [abcdefgh]}",
}
WRONGS = [remedies.lacking, remedies.misspelt, remedies.mistyped]


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_the_files_have_every_key(kind: type[Struct]) -> None:
    """Else a remedy of one would go untried."""
    file = remedies.tree(FILES[kind])
    assert remedies.keys_of(kind) <= {path[-1] for path in remedies.places(file)}
    assert not salvage(remedies.written(file), kind, file="file.yaml").faults


@pytest.mark.parametrize("wrongs", WRONGS)
@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_what_a_remedy_spells_out_heals_a_file(kind: type[Struct], wrongs: remedies.Wrongs) -> None:
    """Of a key that is missing, misspelt or holds something else."""

    def read(text: bytes) -> Sequence[Fault]:
        return salvage(text, kind, file="file.yaml").faults

    healed = [remedies.healed(wrong, read) for wrong in wrongs(remedies.tree(FILES[kind]))]
    assert wrongs is remedies.lacking or any(healed)


def _follow_all(name: str, wrong: Wrong) -> None:
    """Do what each remedy of a file of the small catalogue says, if it spells something out."""

    def read(text: bytes) -> Sequence[Fault]:
        try:
            read_catalogue({**mutated(SOUND, []), name: text})
        except CatalogueInvalidError as refusal:
            return [fault for fault in refusal.faults if fault.file == name]
        return []

    for fault in read(remedies.written(wrong.file)):
        if remedies.followable(fault):
            remedies.followed(wrong, fault, read)


@pytest.mark.parametrize("name", SOUND)
def test_what_a_remedy_spells_out_heals_a_catalogue(name: str) -> None:
    """Where a key is missing that other keys or files lean on."""
    text = mutated(SOUND, [])[name].decode()
    for wrong in remedies.lacking(remedies.tree(text)):
        _follow_all(name, wrong)


BEYOND = [each.name for each in at_once.BEYOND_THE_SCHEMA]


@pytest.mark.parametrize("name", BEYOND)
def test_what_a_remedy_spells_out_heals_beyond_the_schema(name: str) -> None:
    """A kind that is none, a basis that lacks, a list of another name."""
    mutation = at_once.FAULTY[name]
    file = str(mutation.changes[0][0])
    plain = copy.deepcopy(SOUND)
    mutation.change(plain)
    text = mutated(plain, [])[file].decode()
    _follow_all(file, Wrong(name, remedies.tree(text), (), None))
