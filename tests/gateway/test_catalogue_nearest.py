"""A name that is none of those known is told with the one that was likely meant."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from gateway.catalogue import leaning, read_catalogue
from gateway.errors import CatalogueInvalidError
from masking.faults import Fault
from tests.gateway.small_catalogue import SOUND, A, B
from tests.mutations import mutated

CODE = "11149900MB0C12008H"
FAR = "11149900MB0C99999X"


def _faults(files: Mapping[str, bytes]) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueInvalidError) as caught:
        read_catalogue(files)
    return caught.value.faults


def _files(field: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, bytes]:
    plain = copy.deepcopy(SOUND)
    plain[B].update(entry)
    plain[B]["fields"][0].update(field)
    return mutated(plain, [])


DEDICATED = {"class": "dedicated", "departments": ["11149900MB0C12003H"]}
SLIPS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "person_nam"}, {}, "did you mean 'person_name'?"),
    ({"kind": "bankcard"}, {}, "did you mean 'bank_card'?"),
    ({"kind": "secret"}, {}, "use one of general, "),
    ({"grade": "g2"}, {}, "did you mean 'G2'?"),
    ({"grade": "9"}, {}, "use one of G1, G2, G3"),
    ({"type": "strng"}, {}, "did you mean `string`?"),
    ({"type": "data"}, {}, "did you mean `date`?"),
    ({"type": "code", "code_list": "sx"}, {}, "did you mean 'sex'?"),
    ({"type": "code", "code_list": "yes"}, {}, "use one of sex, towns"),
    ({"type": "code"}, {}, "add `code_list: sex`, or another of the lists here: sex, towns"),
    ({"cap": "partail"}, {}, "did you mean `partial`?"),
    ({}, {"grade": "g2"}, "did you mean 'G2'?"),
    ({}, {"share": {"class": "conditionl", "basis": "法"}}, "did you mean `conditional`?"),
    ({}, {"open": {"class": "non"}}, "did you mean `none`?"),
    ({}, {"status": "stoped"}, "did you mean `stopped`?"),
    ({}, {"related": ["a/11"]}, "did you mean 'a/1'?"),
    ({}, {"status": "replaced", "replaced_by": "A/1"}, "did you mean 'a/1'?"),
    ({"id": "place", "kind": "region"}, {"region_field": "palce"}, "mean 'place'?"),
    ({"id": "place", "kind": "region"}, {"region_field": "x"}, "use 'place'"),
    ({"id": "place", "kind": "region"}, {"region_field": "town"}, "use 'place'"),
    ({}, {"region_field": "town"}, "name a field whose kind is region, or delete it"),
    ({}, {"provider": {"department": CODE, "name": "x"}}, "did you mean '11149900MB0C12002H'?"),
    ({}, {"provider": {"department": FAR, "name": "x"}}, "copy the department's"),
    ({}, {"share": DEDICATED}, "did you mean '11149900MB0C12002H'?"),
]


@pytest.mark.parametrize(("field", "entry", "remedy"), SLIPS, ids=str)
def test_a_slip_in_a_name_is_told_with_the_nearest(
    field: dict[str, Any], entry: dict[str, Any], remedy: str
) -> None:
    """Of kinds, grades, types, code lists, classes, resources, fields and departments."""
    (fault,) = _faults(_files(field, entry))
    assert remedy in fault.remedy
    assert fault.file == B


def test_without_any_list_the_remedy_is_to_write_one() -> None:
    """There is nothing to name."""
    plain = {name: content for name, content in SOUND.items() if not name.startswith("code-lists")}
    remedies = {fault.remedy for fault in _faults(mutated(plain, []))}
    assert remedies == {"write the list as a file under `code-lists/`"}


def test_the_nearest_is_looked_for_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files full of slips would take hours; the names that there are are told all the same."""
    monkeypatch.setattr(leaning, "MAX_COMPARED", 6)
    plain = copy.deepcopy(SOUND[A])
    for field in plain["fields"][1:5]:
        field["grade"] = "g3"
    text = yaml.safe_dump(plain, allow_unicode=True).encode()
    remedies = [fault.remedy for fault in _faults({**mutated(SOUND, []), A: text})]
    assert remedies == ["did you mean 'G3'?"] * 2 + ["use one of G1, G2, G3"] * 2
