"""Put a made-up value of the same kind in the place of a value."""

from collections.abc import Sequence
from typing import ClassVar

from masking.fakes import FAKES
from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column
from masking.operators._keyed import BySubject, Subjected


class Fake(Subjected, frozen=True, kw_only=True):
    """Put a made-up value in the place of a value, by its kind.

    There are made-up values of `person_name`, `mobile` and `org_name`; a value
    of any other kind gives `***`. Of one `subject` and scope all values of a
    kind become the same one; without `subject` equal values do. What stood
    there never comes out, but two subjects may get the same: to tell them apart
    use `pseudonym`. A name goes with no sex, a telephone number belongs to a
    range that no operator has. A value without the subject asked for gives
    `***`.

    The examples have a key made up for them; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> known = dict(mac=made_up, scope=Scope(requester="R1", purpose="aid", resource="S1"))
    >>> tried(Fake(), "王芳", "欧阳娜娜", "王芳", kind="person_name", **known)
    ['文子博', '柳希宸', '文子博']
    >>> of = {"person": ["A", "B", "A", None]}
    >>> phones = "13812345678", "13812345678", "13900000000", "13812345678"
    >>> tried(Fake(subject="person"), *phones, kind="mobile", beside=of, **known)
    ['19460280650', '15499353640', '19460280650', '***']
    >>> tried(Fake(), "青岚市某某有限公司", kind="org_name", **known)
    ['润远博食品有限责任公司']
    >>> tried(Fake(), "西湖区平安路1号", kind="address", **known)
    ['***']
    """

    name = "fake"
    title = "made-up value"
    title_zh = "仿真值"
    description_zh: ClassVar[str] = (
        "按信息项的类别换成仿真值，支持 person_name、mobile 和 org_name，其他类别输出 ***。"
        "同一主体 subject、同一范围 scope 内同类的值换成同一个仿真值；"
        "未写 subject 时，相同的值换成同一个仿真值。"
        "从不输出原值；但两个主体可能得到相同的仿真值，需要区分时请用 pseudonym。"
        "仿真姓名不反映性别，仿真手机号取自未分配的号段。缺少所需主体的值输出 ***。"
    )
    disclosure = Disclosure.LINKABLE
    accepts = frozenset(("string",))

    def by_subject(self, bind: Binding) -> BySubject:
        fakes = FAKES.get(bind.kind)
        if fakes is None:
            return lambda column, _subjects: [HIDDEN] * len(column)
        mac = self.key(bind)

        def mask(column: Column, subjects: Sequence[str | None]) -> Column:
            known = list({subject for subject in subjects if subject is not None})
            hashes = zip(known, mac.column(known), strict=True)
            # Of a hash that is far longer than the list each is as likely.
            places = {subject: int.from_bytes(found) % fakes.size for subject, found in hashes}
            return [
                HIDDEN if subject is None else fakes.instead_of(value, places[subject])
                for value, subject in zip(column, subjects, strict=True)
            ]

        return mask
