"""Names: every level of evidence, by the slips that windows and rosters really make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.names import (
    NameLevel,
    compare_names,
    name_keys,
    prepare_name,
    similarity,
)

SAME = [
    ("张小红", "张小红", NameLevel.EXACT),
    (" 张 小 红 ", "张小红", NameLevel.EXACT),
    ("张\u200b小红", "张小红", NameLevel.EXACT),
    ("ＪＡＮＥ Ｓｍｉｔｈ", "JANE Smith", NameLevel.EXACT),
    ("阿依•古丽", "阿依・古丽", NameLevel.EXACT),
    ("張曉紅", "张晓红", NameLevel.VARIANT),
    ("阎小红", "闫小红", NameLevel.VARIANT),
    ("蕭建国", "肖建国", NameLevel.VARIANT),
    ("傅小兰", "付小兰", NameLevel.VARIANT),
    ("戴明", "代明", NameLevel.VARIANT),
    ("藍天", "兰天", NameLevel.VARIANT),
    ("於小明", "于小明", NameLevel.VARIANT),
    ("甯静", "宁静", NameLevel.VARIANT),
    ("锺强", "钟强", NameLevel.VARIANT),
    ("王喆", "王哲", NameLevel.VARIANT),
    ("李堃", "李坤", NameLevel.VARIANT),
    ("吉克·阿依", "吉克阿依", NameLevel.VARIANT),
    ("吉克 阿依", "吉克•阿依", NameLevel.VARIANT),
    ("JANE SMITH", "jane smith", NameLevel.VARIANT),
    ("Seán O’Brien", "sean obrien", NameLevel.VARIANT),
    ("单晓红", "善小虹", NameLevel.HOMOPHONE),
    ("仇大伟", "邱大卫", NameLevel.HOMOPHONE),
    ("曾丽", "增丽", NameLevel.HOMOPHONE),
    ("解珍", "谢珍", NameLevel.HOMOPHONE),
    ("查良", "扎良", NameLevel.HOMOPHONE),
    ("区明", "欧明", NameLevel.HOMOPHONE),
    ("尉迟恭", "玉池恭", NameLevel.HOMOPHONE),
    ("万俟兰", "莫其兰", NameLevel.HOMOPHONE),
    ("覃小明", "秦小明", NameLevel.HOMOPHONE),
    ("覃小明", "谭小明", NameLevel.HOMOPHONE),
    ("乐乐", "月乐", NameLevel.HOMOPHONE),
    ("单于兰", "禅于兰", NameLevel.HOMOPHONE),
    ("李乾", "李前", NameLevel.HOMOPHONE),
    ("王茜", "王希", NameLevel.HOMOPHONE),
    ("王茜", "王倩", NameLevel.HOMOPHONE),
    ("次仁多吉", "泽仁多吉", NameLevel.HOMOPHONE),
    ("曲木阿呷", "曲莫阿嘎", NameLevel.HOMOPHONE),
    ("Zhang Xiaohong", "张晓红", NameLevel.HOMOPHONE),
    ("王小冰", "王小水", NameLevel.LOOKALIKE),
    ("佘明", "余明", NameLevel.LOOKALIKE),
    ("冶芳", "治芳", NameLevel.LOOKALIKE),
    ("李未", "李末", NameLevel.LOOKALIKE),
    ("王海", "王梅", NameLevel.LOOKALIKE),
    ("张建军", "建军张", NameLevel.REORDERED),
    ("王明小", "王小明", NameLevel.REORDERED),
    ("Jane Smith", "Smith Jane", NameLevel.REORDERED),
    ("阿依古丽", "阿依古丽·买买提", NameLevel.TRUNCATED),
    ("阿依古丽", "阿依古丽买买提", NameLevel.TRUNCATED),
    ("阿衣古丽", "阿依古丽买买提", NameLevel.TRUNCATED),
    ("阿依木", "吉克·阿依木", NameLevel.TRUNCATED),
    ("吉克", "吉克·阿依木", NameLevel.TRUNCATED),
    ("阿依木", "吉克阿依木", NameLevel.TRUNCATED),
    ("J. Smith", "Jane Smith", NameLevel.TRUNCATED),
    ("刘兰", "牛兰", NameLevel.ACCENT),
    ("胡国强", "福国强", NameLevel.ACCENT),
    ("陈世民", "岑四明", NameLevel.ACCENT),
    ("王建国", "王建业", NameLevel.PARTIAL),
    ("王建国", "李建国", NameLevel.PARTIAL),
    ("张伟", "李伟", NameLevel.PARTIAL),
    ("王小明", "王明", NameLevel.PARTIAL),
    ("Jane Smith", "Jane Walker", NameLevel.PARTIAL),
    ("Jane Smith", "Jayne Smith", NameLevel.SIMILAR),
    ("王伟", "王芳", NameLevel.DIFFERS),
    ("张建国", "李秀英", NameLevel.DIFFERS),
    ("黄", "王", NameLevel.DIFFERS),
    ("Jane Smith", "Robert Walker", NameLevel.DIFFERS),
    ("Li Na", "张晓红", NameLevel.DIFFERS),
    ("", "", NameLevel.DIFFERS),
    ("", "张三", NameLevel.DIFFERS),
]
UNKEYED = {("阿依木", "吉克阿依木"), ("J. Smith", "Jane Smith"), ("Zhang Xiaohong", "张晓红")}
"""Pairs that share no key, as ``name_keys`` says."""
STRONG = frozenset(NameLevel) - {NameLevel.PARTIAL, NameLevel.SIMILAR, NameLevel.DIFFERS}


@pytest.mark.parametrize(("asked", "registered", "level"), SAME)
def test_each_slip_has_its_level_in_both_directions(
    asked: str, registered: str, level: NameLevel
) -> None:
    """Goal: each kind of difference is told apart, whoever of the two is asked. Method: pairs."""
    one, other = prepare_name(asked), prepare_name(registered)
    assert compare_names(one, other) is level
    assert compare_names(other, one) is level


@pytest.mark.parametrize(
    ("asked", "registered"), [(a, b) for a, b, level in SAME if level in STRONG]
)
def test_names_with_strong_evidence_share_a_key(asked: str, registered: str) -> None:
    """Goal: blocking loses no pair above PARTIAL but those named. Method: intersect the keys."""
    keys = set(name_keys(prepare_name(asked)))
    shared = keys & set(name_keys(prepare_name(registered)))
    assert bool(shared) is ((asked, registered) not in UNKEYED)


@pytest.mark.parametrize("dot", "·•‧・⋅∙●.．。･●◦▪_-—、᛫ㆍ")
def test_every_kind_of_dot_is_the_same_dot(dot: str) -> None:
    """Goal: dots of all code points and what is typed for them agree. Method: replace the dot."""
    form = prepare_name(f"吉克{dot}阿依木")
    assert compare_names(form, prepare_name("吉克·阿依木")) is NameLevel.EXACT
    assert form.dotted
    assert form.folded == "吉克阿依木"


def test_former_names_and_names_in_brackets_are_aliases() -> None:
    """Goal: a former name is found from either side. Method: as argument and in brackets."""
    person = prepare_name("李四海", aliases=["李狗娃"])
    assert compare_names(prepare_name("李狗娃"), person) is NameLevel.ALIAS
    assert compare_names(person, prepare_name("李狗娃")) is NameLevel.ALIAS
    written = prepare_name("张三（曾用名：張小三）")
    assert written.folded == "张三"
    assert compare_names(prepare_name("张小三"), written) is NameLevel.ALIAS
    marked = prepare_name("王二(大)")
    assert (marked.folded, marked.aliases) == ("王二", ())
    assert set(name_keys(person)) & set(name_keys(prepare_name("李狗娃")))


def test_an_empty_alias_matches_nobody() -> None:
    """Goal: an alias of spaces is no bridge to a missing name. Method: compare with nothing."""
    person = prepare_name("李四海", aliases=[" "])
    assert compare_names(prepare_name(""), person) is NameLevel.DIFFERS


def test_a_given_name_is_not_read_as_a_surname() -> None:
    """Goal: surname readings hold for the first character only. Method: 单 and 曾 in both places."""
    assert prepare_name("单小单").syllables == ("shan", "xiao", "dan")
    assert prepare_name("李曾").syllables == ("li", "zeng")
    assert prepare_name("吕绿").syllables == ("lv", "lv")
    assert prepare_name("尉迟尉").syllables == ("yu", "chi", "wei")


def test_the_forms_tell_nothing_in_a_traceback() -> None:
    """Goal: no name in a log. Method: repr."""
    assert "张" not in repr(prepare_name("张三"))


def test_similarity_is_graded() -> None:
    """Goal: the continuous measure orders the levels. Method: one name, ever farther ones."""
    name = prepare_name("王小冰")
    others = ["王小冰", "王晓冰", "王小水", "王小红", "李大红"]
    values = [similarity(name, prepare_name(other)) for other in others]
    assert values == sorted(values, reverse=True)
    assert values[0] == 1.0
    assert values[-1] == 0.0
    jane = prepare_name("Jane Smith")
    assert similarity(jane, prepare_name("Smith Jane")) == 1.0
    assert 0.9 < similarity(jane, prepare_name("Jayne Smith")) < 1
    assert similarity(jane, prepare_name("")) == 0


NAMES = st.one_of(
    st.text(alphabet="王单覃乐张李小晓红虹宏未末玲冷水冰·刘牛兰阿依古丽", max_size=7),
    st.text(alphabet="abcdeo 'é-", max_size=9),
    st.text(max_size=6),
)


@given(NAMES, NAMES)
def test_comparison_is_symmetric_and_reflexive(one: str, other: str) -> None:
    """Goal: the order of the two does not matter. Method: any texts, both directions."""
    asked, registered = prepare_name(one), prepare_name(other)
    level = compare_names(asked, registered)
    assert level is compare_names(registered, asked)
    assert similarity(asked, registered) == pytest.approx(similarity(registered, asked))
    assert 0 <= similarity(asked, registered) <= 1
    itself = compare_names(asked, prepare_name(one))
    assert itself is (NameLevel.EXACT if asked.folded else NameLevel.DIFFERS)
    assert len(name_keys(asked)) <= 8 + len(asked.aliases)


@given(NAMES)
def test_preparing_again_changes_nothing(text: str) -> None:
    """Goal: folding is stable, so stored folded names may be folded again. Method: twice."""
    form = prepare_name(text)
    if form.script == "latin" or "(" not in text:
        assert prepare_name(form.written).folded == form.folded
