r"""What identifies a person in Chinese text, as patterns over folded text.

A pattern never uses `\b` or `\w`: a Chinese character is a letter to them, and
a number beside one would be missed. Digits are bounded by digits only, so that
`No13812345678转` is found. No check digit is asked for: a mistyped number names
its person all the same. Every repetition is bounded or possessive.
"""

from dataclasses import dataclass

from masking.detect.contexts import CHATS, DOCUMENTS, PEOPLE, PHONES, TITLES
from masking.shapes import HAN
from masking.surnames import COMPOUND, SINGLE

_SEP = r"[ .\-/\r\n\t]{0,3}"
_GAP = r"[ .\-\r\n\t]{0,2}"
# Six digits, however far apart a pattern here lets them stand.
NUMBER = rf"[0-9](?:{_SEP}[0-9]){{5}}"
_IS = r"(?:编号|号码|号)?[是为]?[ :：]{0,3}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One thing to look for; the span is group 1 of `regex` where it has one.

    With `after`, `regex` is matched only behind one of these words, with
    `before` only in front of one. Otherwise it is searched for, in texts that
    hold `trigger`, which every match does somewhere. `reach` is how many
    Chinese characters, letters and digits before the span belong to it (a road
    is known by its end), up to one of `stops`.
    """

    entity: str
    label: str
    regex: str
    trigger: str = NUMBER
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    reach: int = 0
    stops: str = ""


_COUNTRY = rf"[(（]?\+?(?:00)?86[)）]?{_SEP}"
_USCC = "[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]"
_NUMBERS = (
    Pattern(
        entity="CN_RESIDENT_ID",
        label="身份证号",
        # No region begins with 19 or 20, and two dates are as long as a number of 1984.
        regex=rf"(?<![0-9])(?!19|20)[1-9](?:(?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx]"
        rf"|[0-9]{{5}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{3}}|(?: [0-9]){{14}})(?![0-9])",
    ),
    Pattern(
        entity="CN_MOBILE",
        label="手机号",
        regex=rf"(?<![0-9])(?=[0-9+(（])(?:{_COUNTRY}|0)?1{_SEP}[3-9](?:{_SEP}[0-9]){{9}}(?![0-9])",
    ),
    Pattern(
        entity="CN_BANK_CARD",
        label="银行卡号",
        regex=r"(?<![0-9])[3-69](?:[ \-\r\n]{0,2}[0-9]){15,18}(?![0-9])",
    ),
    Pattern(
        entity="CN_LANDLINE",
        label="固定电话",
        regex=rf"(?<![0-9])(?=[0-9+(（])(?:{_COUNTRY}[(（]?(?:0{_GAP})?|[(（]?0{_GAP})"
        rf"(?:1{_GAP}0|2{_GAP}[0-9]|[3-9]{_GAP}[0-9]{_GAP}[0-9])[)）]?{_SEP}"
        rf"[2-9](?:{_SEP}[0-9]){{6,7}}(?:(?:转|-|#|ext\.?) ?[0-9]{{1,6}})?(?![0-9])",
    ),
    Pattern(
        entity="CN_LANDLINE",
        label="固定电话",
        after=PHONES,
        regex=rf"{_IS}([2-9](?:[ \-]?[0-9]){{6,7}})(?![0-9])",
    ),
    Pattern(
        entity="CN_USCC",
        label="统一社会信用代码",
        regex=rf"(?<![0-9A-Za-z]){_USCC}{{2}}[0-9]{{6}}{_USCC}{{10}}(?![0-9A-Za-z])",
    ),
    Pattern(
        entity="CN_PASSPORT",
        label="护照号",
        regex="(?<![0-9A-Za-z])[A-Za-z]{1,2}[0-9]{7,10}(?![0-9A-Za-z])",
    ),
    Pattern(
        entity="CN_DOCUMENT",
        label="证照编号",
        after=DOCUMENTS,
        regex=rf"{_IS}([0-9A-Za-z][0-9A-Za-z\-]{{4,19}})",
    ),
    # Whatever else is as long as an identifier, two numbers run together for one.
    Pattern(entity="LONG_NUMBER", label="号码", regex="[0-9]{12,}+"),
)

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_CODES = (
    Pattern(
        entity="CN_PLATE",
        label="车牌号",
        regex=rf"[{_PROVINCES}][A-Za-z][ .\-]{{0,2}}[0-9A-Za-z]{{4,5}}"
        "[0-9A-Za-z挂学警港澳](?![0-9A-Za-z])",
        trigger=f"[{_PROVINCES}][A-Za-z]",
    ),
    Pattern(
        entity="EMAIL",
        label="电子邮箱",
        regex=r"[0-9A-Za-z._%+\-]{1,64}@(?:[0-9A-Za-z\-]{1,63}\.){1,8}[A-Za-z]{2,24}",
        trigger="@",
    ),
    Pattern(
        entity="CN_ACCOUNT",
        label="网络账号",
        after=CHATS,
        regex=r"(?:账号|帐号|号码|号)?[是为]?[ :：]{0,3}([0-9A-Za-z][0-9A-Za-z_\-]{4,19})",
    ),
)

_COUNTED = "0-9A-Za-z一二三四五六七八九十百零"
_DOORS = "号楼|号院|号|弄|栋|幢|座|单元|室|层|楼|门|组|队|排|户|支弄|院|巷|期|区|段"
_PART = rf"(?:[0-9]{{1,5}}[A-Za-z]?(?:-[0-9]{{1,5}}){{0,3}}|[{_COUNTED}]{{1,5}})(?:{_DOORS})"
_PARTS = rf"(?:[ ,，、\-附之]{{0,2}}{_PART})"
_ROOM = r"(?:[ \-]?[0-9]{1,5}(?:-[0-9]{1,5}){0,3})?"
_ROADS = (
    "路|街|道|巷|胡同|弄|里|村|庄|屯|寨|乡|镇|小区|社区|花园|家园|公寓|大厦|广场|苑|园|府|城|湾|庭|居|坊|坪|沟|"
    "洼|岭|坡|营|店|桥|院|宿舍|公馆"
)
_ADDRESSES = (
    Pattern(
        entity="CN_ADDRESS",
        label="地址",
        regex=rf"(?<![{_COUNTED}])(?=[{_COUNTED}])(?:(?<=(?:{_ROADS})[东西南北中]?)"
        rf"(?:{_PARTS}{{1,8}}{_ROOM}|[0-9]{{1,4}}(?:-[0-9A-Za-z]{{1,5}}){{1,3}})"
        rf"|{_PART}{_PARTS}{{1,8}}{_ROOM})",
        trigger=f"[{_COUNTED}][号弄栋幢座单室层楼门组队排户支院巷期区段]|[0-9]-[0-9A-Za-z]",
        reach=24,
        stops="在住址到是的了",
    ),
)

# What comes after a name of two characters more often than it ends one of three.
_AFTER = "的了是在已去说也被因曾"
_NAME = (
    rf"(?:[{HAN}]{{2,8}}(?:\.[{HAN}]{{1,8}}){{1,3}}|(?:{'|'.join(sorted(COMPOUND))})[{HAN}]{{1,2}}"
    rf"|[{SINGLE}] {{0,2}}[{HAN}](?: {{0,2}}(?![{_AFTER}])[{HAN}])?)"
)
_CALLED = "(?:(?:姓名|名字|名叫|叫做|[是为叫 :：(（]){1,3})?"
_NAMES = (
    Pattern(
        entity="PERSON_NAME",
        label="姓名",
        after=PEOPLE,
        regex=rf"(?|{_CALLED}({_NAME})| ?[:：] ?([{HAN}]{{2,4}})(?![{HAN}]))",
    ),
    Pattern(
        entity="PERSON_NAME",
        label="姓名",
        before=TITLES,
        regex=rf"[{SINGLE}][{HAN}]{{1,2}}",
    ),
)

PATTERNS = (*_NUMBERS, *_CODES, *_ADDRESSES, *_NAMES)
