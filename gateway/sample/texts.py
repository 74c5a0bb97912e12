"""What a text field holds, by its kind."""

from collections.abc import Callable, Mapping

from gateway.catalogue.formats import DEFAULT_DATE
from gateway.model.resource import Field
from gateway.sample import identifiers, papers
from gateway.sample.chance import digits, pick
from gateway.sample.dates import LAST_DAY, YEAR
from gateway.sample.notes import notes
from gateway.sample.organisations import Organisations, is_office, offices
from gateway.sample.people import People
from gateway.sample.roles import RELATIVE
from gateway.sample.sheet import Sheet
from gateway.sample.when import days
from gateway.sample.words import words

# Longest note where a field names no length.
_NOTE_LENGTH = 500
Writer = Callable[[Sheet, Field], list[str]]
_REMARKS = words("remarks")

# Codes of the national lists with what they stand for, as far as people are given them.
LABELS: Mapping[str, Mapping[str, str]] = {
    "sex": {"1": "男", "2": "女"},
    "marital_status": {
        "10": "未婚", "20": "已婚", "21": "初婚", "22": "再婚", "30": "丧偶", "40": "离婚",
    },
    "ethnicity": {
        "01": "汉族", "02": "蒙古族", "03": "回族", "04": "藏族", "05": "维吾尔族",
        "08": "壮族", "11": "满族", "15": "土家族", "17": "哈萨克族",
    },
}  # fmt: skip


def _of(part: Callable[[People], list[str]]) -> Writer:
    return lambda sheet, field: part(sheet.people(sheet.setting.roles[field.id]))


def standard_codes(sheet: Sheet, field: Field) -> list[str]:
    """Return the codes of the national list of the field's kind; none for other kinds."""
    people = sheet.people(sheet.setting.roles[field.id])
    match field.kind:
        case "sex":
            return list(map(str, people.sexes))
        case "marital_status":
            return people.marital
        case "ethnicity":
            return people.groups
        case "region":
            return _regions(sheet, field)
        case _:
            return []


def _labels(sheet: Sheet, field: Field) -> list[str]:
    return list(map(LABELS[field.kind].__getitem__, standard_codes(sheet, field)))


def _regions(sheet: Sheet, field: Field) -> list[str]:
    """Return the rows' regions; a second field of the kind has places of its own."""
    if field.id == sheet.setting.regional:
        return [place.code for place in sheet.places]
    # Not the field's own stream, which codes draw on as well.
    chosen = pick(sheet.streams[f"{field.id} place"], sheet.setting.places, sheet.count)
    return [place.code for place in chosen]


def _organisation(sheet: Sheet, field: Field) -> Organisations:
    return sheet.organisations(sheet.setting.roles[field.id])


def _organisation_names(sheet: Sheet, field: Field) -> list[str]:
    if is_office(field):
        return offices(sheet.setting.resource.provider.name, sheet.places)
    return _organisation(sheet, field).names


def _bank_cards(sheet: Sheet, field: Field) -> list[str]:
    people = sheet.people(sheet.setting.roles[field.id])
    long = field.length is None or field.length >= identifiers.LONG_CARD
    return people.long_cards if long else people.short_cards


def _births(sheet: Sheet, field: Field) -> list[str]:
    births = sheet.people(sheet.setting.roles[field.id]).births
    return list(map(days(DEFAULT_DATE).__getitem__, births))


def ages(sheet: Sheet, field: Field) -> list[int]:
    """Return whole years on the last day of the sample."""
    births = sheet.people(sheet.setting.roles[field.id]).births
    return [(LAST_DAY - birth) // YEAR for birth in births]


def _free_texts(sheet: Sheet, field: Field) -> list[str]:
    subject, relative = sheet.people(sheet.setting.main), sheet.people(RELATIVE)
    streams = sheet.streams.below(field.id)
    return notes(streams, subject, relative, field.length or _NOTE_LENGTH)


def _document_numbers(sheet: Sheet, field: Field) -> list[str]:
    draw, year, numbered = sheet.streams[field.id], days("YYYY"), digits(3)
    return [
        f"J{place.code}-{year[start]}-{numbered[int(draw() * 1000)]}{numbered[int(draw() * 1000)]}"
        for place, start in zip(sheet.places, sheet.starts, strict=True)
    ]


def _amounts(sheet: Sheet, field: Field) -> list[str]:
    draw, cents = sheet.streams[field.id], digits(2)
    return [
        f"{int(draw() * draw() * 10_000)}.{cents[int(draw() * 100)]}" for _ in range(sheet.count)
    ]


def _photos(sheet: Sheet, field: Field) -> list[str]:
    draw, numbered = sheet.streams[field.id], digits(4)
    return [
        f"photo-{numbered[int(draw() * 10_000)]}{numbered[int(draw() * 10_000)]}.gif"
        for _ in range(sheet.count)
    ]


def remarks(sheet: Sheet, field: Field) -> list[str]:
    """Return short words of an office, for a text that no kind says more of."""
    return pick(sheet.streams[field.id], _REMARKS, sheet.count)


WRITERS: Mapping[str, Writer] = {
    "general": remarks,
    "person_name": _of(lambda people: people.names),
    "resident_id": _of(lambda people: people.resident_ids),
    "mobile": _of(lambda people: people.mobiles),
    "landline": _of(lambda people: people.landlines),
    "email": _of(lambda people: people.emails),
    "address": _of(lambda people: people.addresses),
    "passport": _of(lambda people: people.passports),
    "plate": _of(lambda people: people.plates),
    "geo_point": _of(lambda people: people.points),
    "bank_card": _bank_cards,
    "birth_date": _births,
    "age": lambda sheet, field: list(map(str, ages(sheet, field))),
    "sex": _labels,
    "marital_status": _labels,
    "ethnicity": _labels,
    "region": _regions,
    "uscc": lambda sheet, field: _organisation(sheet, field).credit_codes,
    "org_name": _organisation_names,
    "document_number": _document_numbers,
    "free_text": _free_texts,
    "date": lambda sheet, _: list(map(days(DEFAULT_DATE).__getitem__, sheet.starts)),
    "amount": _amounts,
    "photo": _photos,
    **papers.WRITERS,
}


def texts(sheet: Sheet, field: Field) -> list[str]:
    """Write a column of text of the field's kind, none longer than its length."""
    found = WRITERS.get(field.kind, remarks)(sheet, field)
    limit = field.length
    if limit is not None and max(map(len, found), default=0) > limit:
        return [text[:limit] for text in found]
    return found
