"""What can be refused about the register, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, FieldFault, Forbidden, NotFound, Unprocessable


class ItemNotFound(NotFound):
    code = "register_item_not_found"
    title = "There is no such item of the register, or it is not yours to see"
    title_zh = "台账中没有此事项，或您无权查看"


class ItemStepRefused(Conflict):
    code = "register_step_not_allowed"
    title = "The item's status does not allow this step"
    title_zh = "该事项当前状态不允许此操作"


class ItemSamePerson(Conflict):
    code = "same_person_twice"
    title = "Somebody else must take this step"
    title_zh = "此步骤须由另一人办理"


class ItemOpenAlready(Conflict):
    code = "register_item_open_already"
    title = "An item about the same is open; its number is told"
    title_zh = "同一事项已在台账中且未销号"


class ItemUnreadable(Unprocessable):
    code = "register_item_invalid"
    title = "The item lacks what an item of the register must have"
    title_zh = "台账事项填写不完整"


class AreaNotYours(Forbidden):
    code = "area_not_yours"
    title = "A township or a facility keeps its own items, the county every one"
    title_zh = "乡镇和医疗机构只能办理本辖区、本机构的事项"


class FileUnusable(Unprocessable):
    code = "register_file_invalid"
    title = "The file cannot be kept as evidence"
    title_zh = "该文件不能作为佐证"


class FileKeptAlready(Conflict):
    code = "register_file_kept_already"
    title = "The item has this very file already"
    title_zh = "该事项已保存同一文件"


class FileNotFound(NotFound):
    code = "register_file_not_found"
    title = "The item has no such file"
    title_zh = "该事项没有此文件"


class TaskListUnknown(NotFound):
    code = "task_list_unknown"
    title = "There is no such list of reform tasks"
    title_zh = "没有该改革任务清单"


def cause_fault() -> FieldFault:
    return FieldFault(
        "cause",
        "cause_required",
        "the deadline has passed: state the cause, and go on (KZ-23)",
        "已超过办理时限，请先填写滞后原因(开州 2020 · KZ-23)",
    )


def evidence_fault() -> FieldFault:
    return FieldFault(
        "evidence",
        "evidence_required",
        "record what shows that the work is done with POST …/evidence first (LP-70)",
        "请先登记整改佐证材料(梁平 2019 · LP-70)",
    )


def file_required_fault() -> FieldFault:
    return FieldFault(
        "evidence",
        "evidence_file_required",
        "the item asks for a file: send it with POST …/evidence-files first (LP-70)",
        "该事项要求上传佐证文件，请先上传(梁平 2019 · LP-70)",
    )


def file_fault(code: str, message: str, message_zh: str) -> FieldFault:
    return FieldFault("file", code, message, message_zh)


def deadline_fault() -> FieldFault:
    return FieldFault(
        "deadline",
        "deadline_past",
        "the deadline lies before the day on which the item is opened; choose a later one",
        "办理时限早于登记日期，请填写登记日期或以后的日期",
    )


def responsible_fault(message: str) -> FieldFault:
    return FieldFault(
        "departments",
        "lead_invalid",
        message,
        "每项任务须有牵头部门，各部门只填一次；单独牵头只填一个部门(KZ-02、KZ-04、KZ-05)",
    )


def reason_fault() -> FieldFault:
    return FieldFault(
        "note",
        "reason_required",
        "say in note why the deadline is moved",
        "调整办理时限须在 note 中说明理由",
    )
