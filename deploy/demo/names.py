"""Names composed from our own lists: Han, Yi (with the middle dot) and Hui. Nobody real is meant.

Surnames are weighted roughly as they are heard in the mountains of southern Sichuan; given names
are put together character by character.
"""

from __future__ import annotations

from random import Random
from typing import Literal

Sex = Literal["M", "F"]
Ethnicity = Literal["汉族", "彝族", "回族"]

_HAN_SURNAMES = (
    "李李李王王王张张张刘刘陈陈杨杨周周吴吴罗罗徐孙朱胡郭何何林高梁郑谢宋唐许邓冯韩曹曾彭萧"
    "蔡潘田董袁于余余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江"
    "阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武莫孔向"
)
_HAN_MALE = "国建明志强文军平华贵福成德光荣春林海云生兴富祥忠义学永正清发东才顺怀世俊浩宇涛鹏杰"
_HAN_FEMALE = "秀英玉兰桂芳珍琼芬群素淑容会华仙翠莲菊香梅丽红霞燕敏静雪婷怡佳欣琴蓉惠先碧明"
_HAN_MALE_YOUNG = "浩宇轩俊杰涛鹏博文子涵睿航鑫磊晨旭阳嘉豪思远泽皓然明哲"
_HAN_FEMALE_YOUNG = "雨欣怡佳婷雪梦琪思颖诗涵子萱悦可心语嫣静蕊晓彤嘉"

_YI_HOUSES = (
    "阿苏", "吉克", "沙马", "俄木", "勒格", "曲比", "贾巴", "海来", "马海", "吉木",
    "加拉", "尔古", "阿力", "罗洪", "果基", "木乃", "莫色", "吉伍", "阿的", "邛莫",
)  # fmt: skip
_YI_MALE = (
    "木呷", "尔布", "拉日", "伍牛", "日哈", "子古", "克古", "木加", "尔哈", "拉且",
    "古者", "史铁", "约布", "木牛", "尔且", "伍且", "拉铁", "克日", "日古", "达日",
)  # fmt: skip
_YI_FEMALE = (
    "阿呷", "伍呷", "阿依", "尔作", "阿支", "拉作", "五各", "莫阿各", "阿牛", "尔西",
    "子作", "古作", "依作", "伍支", "木支", "拉西", "色作", "阿洛", "布西", "日作",
)  # fmt: skip

_HUI_SURNAMES = "马马马马沙沙哈丁白纳撒锁虎苏穆金"
_HUI_MALE = ("", "文", "玉", "德", "国", "尚", "伊", "光", "占", "永")
_HUI_MALE_END = ("祥", "福", "清", "忠", "贵", "龙", "海", "成", "俊", "林")
_HUI_FEMALE = ("玉", "秀", "阿", "小", "月", "桂", "淑", "雪", "素", "丽")
_HUI_FEMALE_END = ("兰", "英", "芳", "花", "珍", "娜", "莲", "梅", "香", "琴")

_YOUNG_SINCE = 1990
_ONE_CHARACTER_SHARE = 0.12
_YI_HAN_STYLE_SHARE = 0.18
"""Yi people who use a Han name on paper."""


def surname(rng: Random, ethnicity: Ethnicity) -> str:
    """A family's name; a Yi family's is that of the house."""
    if ethnicity == "彝族" and rng.random() >= _YI_HAN_STYLE_SHARE:
        return rng.choice(_YI_HOUSES)
    if ethnicity == "回族":
        return rng.choice(_HUI_SURNAMES)
    return rng.choice(_HAN_SURNAMES)


def full_name(rng: Random, ethnicity: Ethnicity, family: str, sex: Sex, birth_year: int) -> str:
    """A person's name in a family; ``family`` as :func:`surname` gave it."""
    if family in _YI_HOUSES:
        return f"{family}·{rng.choice(_YI_MALE if sex == 'M' else _YI_FEMALE)}"
    if ethnicity == "回族":
        first, last = (_HUI_MALE, _HUI_MALE_END) if sex == "M" else (_HUI_FEMALE, _HUI_FEMALE_END)
        return family + rng.choice(first) + rng.choice(last)
    if birth_year >= _YOUNG_SINCE:
        characters = _HAN_MALE_YOUNG if sex == "M" else _HAN_FEMALE_YOUNG
    else:
        characters = _HAN_MALE if sex == "M" else _HAN_FEMALE
    if rng.random() < _ONE_CHARACTER_SHARE:
        return family + rng.choice(characters)
    return family + "".join(rng.sample(characters, 2))


_HOMOPHONES = {
    "华": "花", "明": "民", "英": "瑛", "建": "健", "志": "智", "国": "果", "平": "萍", "玉": "育",
    "文": "纹", "林": "琳", "成": "诚", "福": "富", "芳": "方", "珍": "真", "秀": "绣", "兰": "蓝",
    "木": "目", "阿": "啊", "日": "曰", "作": "左",
}  # fmt: skip


def misheard(name: str) -> str:
    """The name as a hurried clerk may type it: one character replaced by one that sounds alike."""
    for position in range(len(name) - 1, 0, -1):
        if (other := _HOMOPHONES.get(name[position])) is not None:
            return name[:position] + other + name[position + 1 :]
    return name[:-1] + "某"
