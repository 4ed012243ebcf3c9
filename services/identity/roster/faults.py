"""What can be wrong with a roster's row, in words: column, fault and cure, never the value."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.roster import columns


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one cell, and the cure; the header is row 1."""

    row: int
    column: str
    code: str
    message: str
    message_zh: str


def too_long(row: int, column: str, longest: int) -> RowFault:
    return RowFault(
        row,
        column,
        "too_long",
        f"at most {longest} characters fit here; check that the columns have not shifted",
        f"内容超过{longest}个字符，请检查是否错列",
    )


def date_impossible(row: int, column: str) -> RowFault:
    return RowFault(
        row,
        column,
        "date_impossible",
        "there is no such day in the calendar; correct it",
        f"{columns.word(column)}不是真实存在的日期，请更正",
    )


def date_without_day(row: int, column: str) -> RowFault:
    return RowFault(
        row,
        column,
        "date_without_day",
        "the date lacks its day; give year, month and day as on the card",
        f"{columns.word(column)}只有年月，请按证件补填到日",
    )


def date_format(row: int, column: str) -> RowFault:
    return RowFault(
        row,
        column,
        "date_format",
        "write the date as 2016-03-01, 2016/3/1 or 20160301",
        "日期请写成 2016-03-01、2016/3/1 或 20160301",
    )


def destroyed_figure(row: int, column: str) -> RowFault:
    """A spreadsheet has rounded a long number other than the ID number."""
    return RowFault(
        row,
        column,
        "excel_number",
        "the spreadsheet has turned this number into a rounded figure; format the column as text"
        " and enter it again",
        f"表格软件已把{columns.word(column)}变成近似数字，请将该列设为文本格式后重新录入",
    )


def formula(row: int, column: str) -> RowFault:
    """A cell whose formula has no result."""
    return RowFault(
        row,
        column,
        "formula",
        "the cell is a formula without a result; copy the column and paste it as values",
        f"{columns.word(column)}是没有计算结果的公式，请将该列复制后“选择性粘贴为数值”",
    )


def name_missing(row: int) -> RowFault:
    return RowFault(row, "name", "name_missing", "give the person's name", "请填写姓名")


def name_characters(row: int) -> RowFault:
    return RowFault(
        row,
        "name",
        "name_characters",
        "a name holds no digits or question marks; save the file as UTF-8 or GBK again, or"
        " check that the columns have not shifted",
        "姓名中不应有数字或问号，请检查是否错列，或将文件另存为 UTF-8 或 GBK 编码",
    )


def id_number_missing(row: int) -> RowFault:
    return RowFault(
        row,
        "id_number",
        "id_number_missing",
        "give the ID number; for a newborn without one, give name and birth date",
        "请填写证件号码；新生儿尚无证件号码的，请填写姓名和出生日期",
    )


def sex_unknown(row: int) -> RowFault:
    return RowFault(
        row, "sex", "sex_unknown", "write M or F, 男 or 女", "性别请填写 男 或 女(M 或 F)"
    )


def sex_contradicts_id_number(row: int) -> RowFault:
    return RowFault(
        row,
        "sex",
        "sex_contradicts_id_number",
        "the sex differs from the one inside the ID number (its 17th digit: odd male,"
        " even female); correct one of them",
        "性别与证件号码第17位(单数为男、双数为女)不一致，请更正其中之一",
    )


def birth_date_future(row: int) -> RowFault:
    return RowFault(
        row,
        "birth_date",
        "birth_date_future",
        "the birth date lies in the future; correct it",
        "出生日期晚于今天，请更正",
    )


def birth_date_impossible(row: int, oldest_years: int) -> RowFault:
    return RowFault(
        row,
        "birth_date",
        "birth_date_impossible",
        f"nobody is more than {oldest_years} years old; correct the birth date",
        f"年龄超过{oldest_years}岁，请更正出生日期",
    )


def birth_date_contradicts_id_number(row: int) -> RowFault:
    return RowFault(
        row,
        "birth_date",
        "birth_date_contradicts_id_number",
        "the birth date differs from the one inside the ID number (characters 7 to 14);"
        " correct one of them",
        "出生日期与证件号码第7至14位不一致，请更正其中之一",
    )


def category_unknown(row: int) -> RowFault:
    return RowFault(
        row,
        "category",
        "category_unknown",
        "use a category of the published list, such as registered_poor or 建档立卡;"
        " separate several with ';'",
        "人员类别不在规定范围内，请使用 建档立卡、已脱贫、特困、低保、孤儿 等；多个类别用“;”分隔",
    )


def category_missing(row: int) -> RowFault:
    return RowFault(
        row,
        "category",
        "category_missing",
        "give the person's category, such as registered_poor or 建档立卡",
        "请填写人员类别，如 建档立卡",
    )


def poverty_status_unknown(row: int) -> RowFault:
    return RowFault(
        row,
        "poverty_status",
        "poverty_status_unknown",
        "write 未脱贫 or 已脱贫; leave out whoever no longer has any benefit, or give a leaving"
        " reason",
        "脱贫属性请填写 未脱贫 或 已脱贫；不再享受政策的人员请勿列入，或填写离开原因",
    )


def poverty_status_contradicts_category(row: int) -> RowFault:
    return RowFault(
        row,
        "poverty_status",
        "poverty_status_contradicts_category",
        "the category says lifted out of poverty and this column says not; correct one of them",
        "人员类别为已脱贫，而脱贫属性为未脱贫，请更正其中之一",
    )


def reason_unknown(row: int) -> RowFault:
    return RowFault(
        row,
        "reason",
        "reason_unknown",
        "give the reason of leaving as 脱贫 (lifted), 死亡 (died), 迁出 (moved) or 其他 (other)",
        "离开原因请填写 脱贫、死亡、迁出 或 其他",
    )


def duplicate_row(row: int, other: int) -> RowFault:
    """The row speaks of the person of another row of the file."""
    return RowFault(
        row,
        "id_number",
        "duplicate",
        f"the same person stands in row {other}; keep one row, and write several categories"
        " into it with ';' between them",
        f"与第{other}行为同一人，请只保留一行；多个人员类别用“;”分隔写在同一行",
    )


def shared_number(row: int, other: int) -> RowFault:
    """The row's number stands under another name too."""
    return RowFault(
        row,
        "id_number",
        "id_number_shared",
        f"the same ID number stands in row {other} under another name; compare both cards",
        f"证件号码与第{other}行相同但姓名不同，请对照双方证件核对",
    )


def person_ambiguous(row: int) -> RowFault:
    """Several registered persons fit a row without a number."""
    return RowFault(
        row,
        "id_number",
        "person_ambiguous",
        "several registered persons have this name and birth date; give the ID number",
        "名册中有多人姓名和出生日期相同，请填写证件号码",
    )


def ends_before_it_starts(row: int) -> RowFault:
    """The stated last day lies before the first."""
    return RowFault(
        row,
        "valid_to",
        "valid_to_before_valid_from",
        "the last day lies before the first; correct one of them, or give the start date too",
        "终止日期早于起始日期，请更正；未填起始日期的请补填",
    )
