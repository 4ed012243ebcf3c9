"""The texts of identity's screens, Chinese and English: what several share, and each its own."""

from __future__ import annotations

from services.identity.screens.persons_texts import PERSONS
from services.identity.screens.reviews_texts import REVIEWS
from services.identity.screens.rosters_texts import BATCH, ROSTERS
from services.identity.screens.window_texts import WINDOW

SHARED: dict[str, tuple[str, str]] = {
    "identity": ("身份识别", "Identity"),
    "problem.title": ("未能办理", "This could not be done"),
    "lost": (
        "没有得到系统应答,刚才的操作可能未完成。请稍后重试;仍不行请联系管理员。",
        (
            "The system did not answer; what you did may not have been carried out. Try again shortly, "
            "then call the operator."
        ),
    ),
    "problem.back": ("返回", "Back"),
    "who.client": ("接口 {name}", "client {name}"),
    "who.nobody": ("—", "—"),
    "none": ("无", "none"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "all": ("全部", "all"),
    "more": ("下一页", "More"),
    "first": ("回到第一页", "Back to the first"),
    "required": ("必填", "required"),
    "optional": ("可不填", "optional"),
    "save": ("保存", "Save"),
    "cancel": ("不办了", "Cancel"),
    "busy": ("正在办理…", "Working…"),
    "field.name": ("姓名", "Name"),
    "field.id_number": ("证件号码", "ID number"),
    "field.birth_date": ("出生日期", "Birth date"),
    "field.birth_year": ("出生年份", "Born in"),
    "field.sex": ("性别", "Sex"),
    "field.phone": ("联系电话", "Telephone"),
    "field.township": ("乡镇", "Township"),
    "field.village": ("村", "Village"),
    "field.place": ("住址", "Home"),
    "field.household_no": ("户编号", "Household no."),
    "field.categories": ("人员类别", "Categories"),
    "field.reason": ("原因", "Reason"),
    "field.date": ("日期", "Date"),
    "sex.M": ("男", "male"),
    "sex.F": ("女", "female"),
    "grade.certain": ("确认", "Certain"),
    "grade.probable": ("基本确认", "Probable"),
    "grade.possible": ("存疑", "Possible"),
    "grade.none": ("未查到", "Not found"),
    "source.poverty_office": ("扶贫办", "Poverty office"),
    "source.civil_affairs": ("民政局", "Civil affairs"),
    "source.disabled_federation": ("残联", "Disabled persons' federation"),
    "source.insurer": ("医保局", "Insurer"),
    "leaving.lifted": ("脱贫", "lifted out of poverty"),
    "leaving.died": ("死亡", "died"),
    "leaving.moved": ("迁出", "moved away"),
    "leaving.not_listed": ("全量名册未列入", "absent from a full roster"),
    "leaving.other": ("其他", "other"),
    "visit.outpatient": ("门诊", "Outpatient"),
    "visit.inpatient": ("住院", "Inpatient"),
    "visit.chronic_outpatient": ("门诊慢特病", "Chronic outpatient"),
    "visit.emergency": ("急诊", "Emergency"),
    "category.registered_poor": ("建档立卡", "Registered poor"),
    "category.registered_poor_lifted": ("已脱贫", "Lifted out of poverty"),
    "category.destitute": ("特困", "Destitute"),
    "category.subsistence": ("低保", "Subsistence allowance"),
    "category.orphan": ("孤儿", "Orphan"),
    "category.low_income": ("低收入救助对象", "Low income"),
    "category.illness_impoverished_severe": ("因病致贫重病", "Impoverished by illness"),
    "category.severely_disabled": ("重度残疾", "Severely disabled"),
    "category.marginal": ("边缘易致贫", "On the margin of poverty"),
    "box.empty": (
        "请输入证件号码、健康卡号,或“姓名 出生日期”",
        "Type an ID number, a card number, or a name and birth date",
    ),
    "box.birth_date": (
        "出生日期无法读取,请写成 1962-03-04",
        "The birth date cannot be read; write it as 1962-03-04",
    ),
    "box.name_too_long": ("姓名过长,请核对输入内容", "The name is too long; check what was typed"),
    "box.two_numbers": (
        "输入了两个号码,请只留一个(母亲的号码前写“母”)",
        "Two numbers were typed; keep one (write 母 before a mother's number)",
    ),
    "footer.logged": (
        "本页每次查询都会留痕。姓名与证件号码不会出现在网址中。",
        "Every look-up here is logged. No name or number ever stands in an address.",
    ),
}

TEXTS: dict[str, tuple[str, str]] = {**SHARED, **WINDOW, **REVIEWS, **ROSTERS, **PERSONS, **BATCH}
