"""The texts of identity's screens, Chinese and English: what several share, and each its own."""

from __future__ import annotations

from services.identity.screens.alarms_texts import ALARMS
from services.identity.screens.persons_texts import PERSONS
from services.identity.screens.reviews_texts import REVIEWS
from services.identity.screens.rosters_texts import BATCH, ROSTERS
from services.identity.screens.window_texts import WINDOW
from shared.events.catalog.words import CATEGORY_WORDS, VISIT_TYPE_WORDS, keyed

SHARED: dict[str, tuple[str, str]] = {
    "identity": ("身份识别", "Identity"),
    "doing": ("操作", "Actions"),
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
    **keyed("visit", VISIT_TYPE_WORDS),
    **keyed("category", CATEGORY_WORDS),
    "box.empty": (
        "请输入证件号码、健康卡号，或“姓名 出生日期”",
        "Type an ID number, a card number, or a name and birth date",
    ),
    "box.birth_date": (
        "出生日期无法读取，请写成 1962-03-04",
        "The birth date cannot be read; write it as 1962-03-04",
    ),
    "box.name_too_long": ("姓名过长，请核对输入内容", "The name is too long; check what was typed"),
    "box.two_numbers": (
        "输入了两个号码，请只留一个(母亲的号码前写“母”)",
        "Two numbers were typed; keep one (write 母 before a mother's number)",
    ),
}

TEXTS: dict[str, tuple[str, str]] = {
    **SHARED,
    **WINDOW,
    **REVIEWS,
    **ROSTERS,
    **PERSONS,
    **BATCH,
    **ALARMS,
}
