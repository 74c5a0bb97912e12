"""Kinds of vehicles, telephones and what else has an address in a network."""

from masking.check_digits import IMEI, VIN
from masking.kinds._contract import define, of_shape, with_check_digit
from masking.kinds._patterns import PROVINCE_SIGN
from masking.operators.keep import Keep
from masking.shapes import Shape

# GA 36-2018: civil, police, embassy, emergency and army plates.
_PLATE = (
    f"{PROVINCE_SIGN}[A-Z]·?(?:[0-9A-HJ-NP-Z]{{4}}[0-9A-HJ-NP-Z挂学警港澳领]"
    f"|[0-9A-HJ-NP-Z]{{6}})"
    "|[使领][0-9]{6}|[0-9]{6}[使领]"
    f"|{PROVINCE_SIGN}[A-Z]?·?[A-Z0-9]{{4,5}}应急"
    "|[A-Z]{2}·?[0-9A-Z]{5}"
)

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = f"{_OCTET}(?:\\.{_OCTET}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"
# The last two of the eight groups of RFC 4291 may be written as an IPv4 address.
_GROUPS = 8


def _before(gap: int) -> str:
    """Return the pattern of the groups before `::`."""
    return "" if gap == 0 else f"{_GROUP}(?::{_GROUP}){{{gap - 1}}}"


def _behind(most: int) -> str:
    """Return the pattern of up to `most` groups behind `::`, or none."""
    if most == 0:
        return ""
    groups = f"(?:{_GROUP}:){{0,{most - 1}}}{_GROUP}"
    return f"(?:(?:{_GROUP}:){{0,{most - 2}}}{_IPV4}|{groups})?" if most > 1 else f"(?:{groups})?"


_IPV6 = "|".join(
    (
        f"(?:{_GROUP}:){{6}}(?:{_GROUP}:{_GROUP}|{_IPV4})",
        *(f"{_before(gap)}::{_behind(_GROUPS - 1 - gap)}" for gap in range(_GROUPS)),
    )
)

_MAC = "|".join(f"[0-9A-Fa-f]{{2}}(?:{sign}[0-9A-Fa-f]{{2}}){{5}}" for sign in (":", "-", ""))


def _vin(value: str) -> str:
    """Return a VIN with the check character X as Q, which stands for its value there."""
    return value[:8] + value[8].replace("X", "Q") + value[9:]


KINDS = (
    define(
        "plate",
        "vehicle plate",
        "车牌号",
        example="京A12345",
        partial=Keep(prefix=2, suffix=2),
        identifier=True,
        shape=of_shape(_PLATE),
        source="GA 36-2018",
    ),
    define(
        "vin",
        "vehicle identification number",
        "车辆识别代号",
        example="LZZ000001A0000011",
        partial=Keep(prefix=3, suffix=4),
        identifier=True,
        shape=with_check_digit(Shape("[0-9A-HJ-NPR-Z]{8}[0-9X][0-9A-HJ-NPR-Z]{8}"), VIN, _vin),
        source="GB 16735-2019",
    ),
    define(
        "imei",
        "mobile equipment identity",
        "移动设备识别码",
        example="490154203237518",
        partial=Keep(prefix=2, suffix=4),
        identifier=True,
        shape=with_check_digit(Shape("[0-9]{15}"), IMEI),
        source="3GPP TS 23.003",
    ),
    define(
        "mac_address",
        "hardware address in a network",
        "网卡物理地址",
        example="00-00-5E-00-53-01",
        partial=Keep(prefix=6),
        identifier=True,
        shape=of_shape(_MAC),
        canonical=str.upper,
        source="IEEE Std 802",
    ),
    define(
        "ip_address",
        "address in the internet",
        "网络地址",
        example="192.0.2.146",
        partial=Keep(prefix=3),
        identifier=True,
        shape=of_shape(f"{_IPV4}|{_IPV6}"),
        canonical=str.lower,
        source="RFC 791, RFC 4291",
    ),
)
