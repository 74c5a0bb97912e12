"""Names of people: surnames by how common they are, given names by sex, minority names."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.sample.chance import Draw, weighted
from gateway.sample.words import table, words


class Surname(NamedTuple):
    """A surname, and how it is written in a mailbox name."""

    text: str
    latin: str


SURNAMES = weighted(
    (Surname(text, latin), int(bearers)) for text, latin, bearers in table("surnames", 3)
)

# By sex as in GB/T 2261.1: 1 male, 2 female. Some characters are rare on purpose, in ways that
# registers have to live with: outside the basic plane, or late in the national standards.
_SINGLE: Mapping[int, tuple[str, ...]] = {
    1: (*"伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帅旭宁龙林毅峰" * 6, "䶮", "𬭎", "㵘"),
    2: (*"芳娜敏静丽艳娟霞燕玲梅红玉兰萍莉倩雪琳婷颖洁慧蕾薇悦欣怡瑶琪" * 6, "㛃", "𫍽", "䴖"),
}
_FIRST = {
    1: "建国志文海永春东子明晓俊宏家天立德世正浩泽宇嘉一振少云振新长",
    2: "秀桂玉春晓小雅丽淑美慧思雨佳梦诗欣艳彩凤爱红海金雪月子可若",
}
_SECOND = {
    1: "华军平明强林生峰辉涛斌伟杰国民龙宇轩然博文祥东亮超鹏飞武成远",
    2: "英兰梅芳红霞萍玲琴珍华云燕娟丽娜琳颖怡涵萱婷雯洁妍莹清香花凤",
}
# One given name in six is of one character.
_SINGLE_SHARE = 1 / 6

MONGOL, TIBETAN, UYGHUR, KAZAKH = "02", "04", "05", "17"
_DOTTED = {
    1: tuple(Surname(*row) for row in table("uyghur-male", 2)),
    2: tuple(Surname(*row) for row in table("uyghur-female", 2)),
}
_FATHERS = tuple(father.text for father in _DOTTED[1])
_BY_TEXT = {father.text: father for father in _DOTTED[1]}
_UNDOTTED = {
    MONGOL: {1: words("mongol-male"), 2: words("mongol-female")},
    TIBETAN: {1: words("tibetan-male"), 2: words("tibetan-female")},
}

# Codes of GB/T 3304 in ten thousand, with more of the small ones than a census has.
ETHNICITIES = weighted(
    [
        ("01", 9420), ("11", 150), ("03", 140), (UYGHUR, 100), ("08", 60), (MONGOL, 50),
        ("15", 30), (TIBETAN, 30), (KAZAKH, 20),
    ]
)  # fmt: skip


def full_names(
    draw: Draw, surnames: Sequence[Surname], sexes: Sequence[int], groups: Sequence[str]
) -> list[str]:
    """Make names that go with surname, sex and ethnic group.

    A Uyghur or Kazakh name has the father's name behind a middle dot, and its
    own first part stands as the surname.
    """
    return [
        _minority(draw, surname, sex, group)
        if group in _OWN_WAY
        else surname.text + _given(draw, sex)
        for surname, sex, group in zip(surnames, sexes, groups, strict=True)
    ]


def surnames(draw: Draw, sexes: Sequence[int], groups: Sequence[str]) -> list[Surname]:
    """Draw a surname for each person, or the first part of a name that has none."""
    size, found = len(SURNAMES), []
    for sex, group in zip(sexes, groups, strict=True):
        pool = _DOTTED[sex] if group in (UYGHUR, KAZAKH) else None
        place = draw()
        found.append(pool[int(place * len(pool))] if pool else SURNAMES[int(place * size)])
    return found


def given_names(draw: Draw, sexes: Sequence[int]) -> list[str]:
    """Make given names, to stand behind a surname known already."""
    return [_given(draw, sex) for sex in sexes]


def father_of(name: str) -> Surname:
    """Return the first part of the name of a person's father, from behind the middle dot."""
    return _BY_TEXT[name.partition("·")[2]]


# Groups whose names have the father's behind a middle dot.
DOTTED = frozenset({UYGHUR, KAZAKH})
_OWN_WAY = frozenset({MONGOL, TIBETAN, UYGHUR, KAZAKH})


def _given(draw: Draw, sex: int) -> str:
    place = draw()
    if place < _SINGLE_SHARE:
        pool = _SINGLE[sex]
        return pool[int(place / _SINGLE_SHARE * len(pool))]
    first, second = _FIRST[sex], _SECOND[sex]
    return first[int(draw() * len(first))] + second[int(draw() * len(second))]


def _minority(draw: Draw, surname: Surname, sex: int, group: str) -> str:
    if group in (UYGHUR, KAZAKH):
        return f"{surname.text}·{_another(draw, _FATHERS, surname.text)}"
    pool = _UNDOTTED[group][sex]
    first = pool[int(draw() * len(pool))]
    return first if group == MONGOL else first + _another(draw, pool, first)


def _another(draw: Draw, pool: Sequence[str], first: str) -> str:
    """Draw a second part of a name that is not the first."""
    place = int(draw() * (len(pool) - 1))
    return pool[-1] if pool[place] == first else pool[place]
