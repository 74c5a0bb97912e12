"""Words that say what stands beside them; none is shorter than two characters."""

import re
from collections.abc import Iterable, Iterator


class Words:
    """Finds any of many words: first where two characters fit, then which word does."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_pair: dict[str, list[str]] = {}
        for word in words:
            self._by_pair.setdefault(word[:2], []).append(word)
        first, second = (
            "".join(sorted({re.escape(pair[at]) for pair in self._by_pair})) for at in (0, 1)
        )
        self._pair = re.compile(f"[{first}](?=[{second}])" if first else "(?!)")

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Give start and end of each word in `text`, one inside another too."""
        for found in self._pair.finditer(text):
            at = found.start()
            for word in self._by_pair.get(text[at : at + 2], ()):
                if text.startswith(word, at):
                    yield at, at + len(word)


_KIN = (
    "父亲 母亲 爸爸 妈妈 妻子 丈夫 爱人 配偶 儿子 女儿 长子 次子 三子 长女 次女 三女 "
    "独子 独女 儿媳 儿媳妇 女婿 孙子 孙女 外孙 祖父 祖母 爷爷 奶奶 外公 外婆 姥姥 "
    "姥爷 公公 婆婆 岳父 岳母 哥哥 姐姐 弟弟 妹妹 叔叔 伯伯 姑姑 舅舅 姨妈 堂兄 堂弟 "
    "表兄 表哥 表弟 表姐 表妹 侄子 侄女 其父 其母 其妻 其夫 其子 其女 其兄 其弟 其姐 "
    "其妹 亲属 家属 监护人 邻居 朋友 同学 同事 室友"
)
_ROLES = (
    "请联系 联系人 姓名 名字 名叫 叫做 曾用名 本人 户主 当事人 申请人 代理人 委托人 "
    "代办人 经办人 负责人 法定代表人 法人代表 法人 投诉人 举报人 报案人 申诉人 受害人 "
    "被害人 嫌疑人 被告 被告人 原告 证人 死者 伤者 患者 病人 老人 孤儿 学生 职工 员工 "
    "村民 居民 救助对象 受助人 收件人 寄件人 持卡人 车主 司机 房东 租客 业主 产权人 "
    "承租人 出租人 买方 卖方 甲方 乙方"
)
# A name follows.
PEOPLE = (*_KIN.split(), *_ROLES.split())
_TITLES = "先生 女士 小姐 同志 老师 大爷 大妈 大叔 大娘 阿姨 师傅 医生"
# A name goes before.
TITLES = (*_TITLES.split(),)
# A number of seven or eight digits follows.
PHONES = ("电话", "座机", "固话", "传真", "致电", "联系方式")
_DOCUMENTS = (
    "护照 通行证 军官证 士兵证 台胞证 回乡证 居留证 驾驶证 身份证 证件 档案 社保卡 "
    "医保卡 银行卡 账号 帐号"
)
# The number of a document follows.
DOCUMENTS = (*_DOCUMENTS.split(),)
# The name of an account follows.
CHATS = ("QQ", "qq", "Qq", "微信", "WeChat", "wechat", "Wechat", "支付宝", "钉钉")
