"""Numbers of papers, land, vehicles and devices, and entries of code lists by name.

Addresses are of ranges set aside for documents or for local use; nobody has them.
"""

from collections.abc import Callable, Mapping, Sequence

from gateway.model.resource import Field
from gateway.sample.chance import digits, pick
from gateway.sample.identifiers import luhn_sum
from gateway.sample.sheet import Sheet
from gateway.sample.when import days

Writer = Callable[[Sheet, Field], list[str]]

# RFC 5737
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_VIN_HEAD = "LZZ00000"
_VIN_VALUES = {character: int(character) for character in "0123456789"} | dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
# Sort and degree after GB/T 26341.
_DISABILITIES = ("12", "22", "31", "41", "42", "43", "44", "52", "62")

_NAMES: Mapping[str, Sequence[str]] = {
    "health_status": ("健康或良好", "一般或较弱", "有慢性病"),
    "employment_status": ("国家公务员", "专业技术人员", "职员", "工人", "农民", "退休人员"),
    "education": ("研究生教育", "大学本科", "大学专科", "中等职业教育", "普通高级中学教育"),
    "degree": ("博士学位", "硕士学位", "工学学士", "管理学学士"),
    "political_status": ("中共党员", "共青团员", "群众"),
    "family_relation": ("户主", "配偶", "子", "女", "父母"),
    "occupation": ("小学教师", "内科医师", "会计人员", "餐厅服务员", "汽车驾驶员"),
    "disability": ("视力残疾", "听力残疾", "言语残疾", "肢体残疾", "智力残疾", "精神残疾"),
    "diagnosis": ("I10.x00", "E11.900", "J45.900", "M51.202", "H25.900"),
    "country": ("CHN", "KAZ", "MNG", "RUS", "VNM"),
    "industry": ("A0111", "C1411", "E4710", "F5211", "G5431", "I6513"),
}


def _named(sheet: Sheet, field: Field) -> list[str]:
    return pick(sheet.streams[field.id], _NAMES[field.kind], sheet.count)


def _numbers(sheet: Sheet, field: Field) -> list[str]:
    """Return eight digits for each row."""
    draw, numbers = sheet.streams[field.id], digits(4)
    return [
        numbers[int(draw() * 10_000)] + numbers[int(draw() * 10_000)] for _ in range(sheet.count)
    ]


def _travel_permits(sheet: Sheet, field: Field) -> list[str]:
    return [f"H{number}" for number in _numbers(sheet, field)]


def _disability_certificates(sheet: Sheet, field: Field) -> list[str]:
    people = sheet.people(sheet.setting.roles[field.id])
    sorts = pick(sheet.streams[field.id], _DISABILITIES, sheet.count)
    return [number + sort for number, sort in zip(people.resident_ids, sorts, strict=True)]


def _org_codes(sheet: Sheet, field: Field) -> list[str]:
    codes = sheet.organisations(sheet.setting.roles[field.id]).credit_codes
    return [f"{code[8:16]}-{code[16]}" for code in codes]


def _registrations(sheet: Sheet, field: Field) -> list[str]:
    numbers = zip(sheet.places, _numbers(sheet, field), strict=True)
    heads = [f"{place.code}{number}" for place, number in numbers]
    return [head + registration_check(head) for head in heads]


def registration_check(head: str) -> str:
    """Return the check digit of a business registration number's first 14 (GS 15)."""
    product = 10
    for digit in head:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def _vins(sheet: Sheet, field: Field) -> list[str]:
    return [
        f"{_VIN_HEAD}{vin_check(f'{_VIN_HEAD}0{number}')}{number}"
        for number in _numbers(sheet, field)
    ]


def vin_check(vin: str) -> str:
    """Return the check character of a VIN (GB 16735), whatever stands in its place."""
    total = sum(
        _VIN_VALUES[character] * weight for character, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    return "0123456789X"[total % 11]


def _imeis(sheet: Sheet, field: Field) -> list[str]:
    # 00 in front: a test type
    heads = [f"001012{number}" for number in _numbers(sheet, field)]
    return [f"{head}{-luhn_sum(head) % 10}" for head in heads]


def _mac_addresses(sheet: Sheet, field: Field) -> list[str]:
    # 02 in front: assigned locally
    return [
        f"02-00-{number[:2]}-{number[2:4]}-{number[4:6]}-{number[6:]}"
        for number in _numbers(sheet, field)
    ]


def _ip_addresses(sheet: Sheet, field: Field) -> list[str]:
    draw = sheet.streams[field.id]
    return [f"{network}.{1 + int(draw() * 254)}" for network in pick(draw, _NETWORKS, sheet.count)]


def _marriage_certificates(sheet: Sheet, field: Field) -> list[str]:
    year, numbers = days("YYYY"), _numbers(sheet, field)
    return [
        f"J{place.code}-{year[start]}-{number[:6]}"
        for place, start, number in zip(sheet.places, sheet.starts, numbers, strict=True)
    ]


def _estates(sheet: Sheet, field: Field) -> list[str]:
    return [
        f"{place.code}001{number[:3]}GB0{number[3:7]}F0001{number[4:]}"
        for place, number in zip(sheet.places, _numbers(sheet, field), strict=True)
    ]


def _property_certificates(sheet: Sheet, field: Field) -> list[str]:
    year, numbers = days("YYYY"), _numbers(sheet, field)
    return [
        f"{place.plate[0]}（{year[start]}）{place.name}不动产权第{number[:7]}号"
        for place, start, number in zip(sheet.places, sheet.starts, numbers, strict=True)
    ]


def _cases(sheet: Sheet, field: Field) -> list[str]:
    year, numbers = days("YYYY"), _numbers(sheet, field)
    return [
        f"（{year[start]}）{place.plate[0]}{place.code[2:]}民初{int(number[:4]) + 1}号"
        for place, start, number in zip(sheet.places, sheet.starts, numbers, strict=True)
    ]


WRITERS: Mapping[str, Writer] = {
    **dict.fromkeys(_NAMES, _named),
    "travel_permit": _travel_permits,
    "disability_certificate": _disability_certificates,
    "marriage_certificate": _marriage_certificates,
    "org_code": _org_codes,
    "business_registration": _registrations,
    "vin": _vins,
    "imei": _imeis,
    "mac_address": _mac_addresses,
    "ip_address": _ip_addresses,
    "real_estate_unit": _estates,
    "property_certificate": _property_certificates,
    "case_number": _cases,
}
