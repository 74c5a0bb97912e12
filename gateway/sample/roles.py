"""Whose data a field holds: fields of one person agree with each other."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from gateway.model.resource import Field


class Role(NamedTuple):
    """A person that a record speaks of; `sex` is 0 where it may be either.

    `ages` are whole years on the last day of the sample, both ends included.
    """

    name: str
    words: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    sex: int = 0
    ages: tuple[int, int] = (32, 70)


SUBJECT = Role("subject", ages=(19, 90))
# Streams of the city's people. They are called by the resource whose people they were first.
PERSONS = "3070010010001/000001"
# Whom notes mention and no field holds.
RELATIVE = Role("relative", ages=(20, 75))
# A resource that names it lists a household: see `gateway.sample.families`.
HEAD = Role("head", ("head", "householder"), ("户主",))
# Not a person: where a person was treated.
HOSPITAL = Role("hospital", ("hospital", "clinic"), ("医疗机构", "就诊医院", "医院"))
# A field belongs to the first role whose English word its id begins with, or whose Chinese title
# its name begins with.
ROLES = (
    Role("husband", ("husband", "groom", "male"), ("男方", "丈夫"), 1, (32, 70)),
    Role("wife", ("wife", "bride", "female"), ("女方", "妻子"), 2, (32, 70)),
    Role("father", ("father",), ("父亲",), 1, (40, 80)),
    Role("mother", ("mother",), ("母亲",), 2, (40, 80)),
    Role(
        "child",
        ("child", "adoptee", "ward", "pupil", "student", "son", "daughter"),
        ("被收养", "儿童", "子女", "学生", "未成年", "被监护", "新生儿"),
        ages=(0, 14),
    ),
    Role("adopter", ("adopter",), ("收养人",)),
    Role("guardian", ("guardian",), ("监护人",)),
    Role("spouse", ("spouse", "partner"), ("配偶",)),
    Role("deceased", ("deceased", "dead"), ("逝者", "死者", "亡者", "死亡"), ages=(50, 95)),
    Role("contact", ("contact", "relative", "kin"), ("联系人", "亲属", "家属")),
    Role("agent", ("agent", "handler", "operator"), ("代理人", "经办人", "代办人", "办理人")),
    HEAD,
    HOSPITAL,
    Role("legal", ("legal", "representative"), ("法定代表人", "法人代表", "负责人")),
)


# Kinds of which one person has one; of others, such as notes, several speak of the same person.
_SINGLE = frozenset(
    {
        "person_name", "resident_id", "sex", "birth_date", "ethnicity", "marital_status", "region",
        "address", "geo_point", "mobile", "landline", "email", "bank_card", "plate", "passport",
        "uscc", "org_name",
    }
)  # fmt: skip


def cast(fields: Iterable[Field]) -> dict[str, Role]:
    """Give each field, by id, the role it belongs to.

    A second field of the same kind and role is a second person's, unless people
    have several of the kind.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for field in fields:
        role = _role(field)
        count = seen[field.kind, role.name] if field.kind in _SINGLE else 0
        seen[field.kind, role.name] += 1
        found[field.id] = role._replace(name=f"{role.name}#{count}") if count else role
    return found


def _role(field: Field) -> Role:
    word = field.id.lower().partition("_")[0]
    for role in ROLES:
        if word in role.words or field.name.startswith(role.titles):
            return role
    return SUBJECT
