"""Pieces of patterns that several kinds share."""

from masking.shapes import HAN

# GB/T 2260-2007: the first two digits of a region code.
PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123])"

# A calendar day from 1800 to 2099 as YYYYMMDD; 1800 and 1900 had no 29 February.
_YEAR = "(?:1[89]|20)[0-9]{2}"
_LEAP_YEAR = "(?:(?:1[89]|20)(?:0[48]|[2468][048]|[13579][26])|2000)"
DAY = (
    f"(?:{_YEAR}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
    f"|{_LEAP_YEAR}0229)"
)
# GB 11643-1999; 9 in the first place: permanent residents from abroad.
PLACE = f"(?:{PROVINCE}|9[0-9])"
RESIDENT_ID = f"{PLACE}[0-9]{{4}}{DAY}[0-9]{{3}}[0-9Xx]"

# What provinces are called in one character.
PROVINCE_SIGN = "[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]"

# What a code list calls its entries.
NAMED = f"[{HAN}、（）()]{{1,40}}"
