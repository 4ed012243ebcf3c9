"""Texts of rosters and of batches, Chinese and English."""

from __future__ import annotations

ROSTERS: dict[str, tuple[str, str]] = {
    "rosters.title": ("名册导入", "Rosters"),
    "rosters.upload": ("上传名册", "Upload a roster"),
    "rosters.upload.lead": (
        "上传后先逐行核对并与登记册比对，不会立即生效；由另一人确认后才导入。",
        (
            "A roster is checked row by row and compared with the register; nothing takes effect "
            "before another person has confirmed it."
        ),
    ),
    "rosters.file": ("名册文件(.xlsx 或 .csv)", "File (.xlsx or .csv)"),
    "rosters.file.missing": ("请选择名册文件", "Choose the roster's file"),
    "rosters.source": ("来源部门", "Source"),
    "rosters.effective_on": ("生效日期", "Holds from"),
    "rosters.effective_on.bad": ("请填写日期，如 2016-01-01", "Give a date such as 2016-01-01"),
    "rosters.mode": ("方式", "Mode"),
    "rosters.mode.full": ("全量：未列入名册的人员退出", "Full: whoever is absent leaves"),
    "rosters.mode.delta": ("增量：只更新列出的人员", "Delta: only those listed change"),
    "rosters.mode.short.full": ("全量", "full"),
    "rosters.mode.short.delta": ("增量", "delta"),
    "rosters.do": ("上传并核对", "Upload and check"),
    "rosters.mapping.title": ("认不出的表头", "Headers that mean nothing yet"),
    "rosters.mapping.lead": (
        "名册缺少必需的列。若文件里有、只是叫法不同，请在下面指明，再上传一次；对应关系会记住，下次自动识别。",
        (
            "The roster lacks columns that are needed. Where the file only calls them otherwise, say "
            "so here and upload again; it is remembered for this source."
        ),
    ),
    "rosters.mapping.keep": ("仅保留，不使用", "keep, mean nothing"),
    "rosters.mapping.missing": ("缺少的列", "Missing columns"),
    "rosters.mapping.again": ("记住并重新上传", "Remember and upload again"),
    "rosters.mapping.known": ("记住的表头", "Remembered headers"),
    "rosters.mapping.none": (
        "此来源尚未记住任何特别的表头。",
        "Nothing special is remembered for this source.",
    ),
    "rosters.mapping.header": ("文件中的表头", "Header in the file"),
    "rosters.mapping.column": ("对应的列", "Means"),
    "rosters.mapping.forget": ("不再记住", "forget"),
    "rosters.mapping.add": ("新增", "Add"),
    "rosters.mapping.by": ("{moment} 由 {who} 修改", "changed {moment} by {who}"),
    "rosters.mapping.saved": ("已保存。", "Saved."),
    "rosters.list": ("历次导入", "Imports"),
    "rosters.list.none": ("还没有导入过名册。", "No roster was uploaded yet."),
    "rosters.under_way": ("正在办理", "Under way"),
    "rosters.uploaded": ("上传", "Uploaded"),
    "rosters.rows": ("行数", "Rows"),
    "rosters.accepted": ("通过", "Accepted"),
    "rosters.rejected": ("未通过", "Rejected"),
    "rosters.added": ("新增", "Added"),
    "rosters.changed": ("变更", "Changed"),
    "rosters.removed": ("退出", "Leave"),
    "rosters.unchanged": ("不变", "Unchanged"),
    "rosters.state": ("状态", "State"),
    "rosters.status.validated": ("待核对", "to be confirmed"),
    "rosters.status.confirmed": ("已确认", "confirmed"),
    "rosters.status.applied": ("已导入", "applied"),
    "rosters.step.uploaded": ("上传，待核对", "Uploaded"),
    "rosters.step.confirmed": ("已确认", "Confirmed"),
    "rosters.step.applied": ("已导入", "Applied"),
    "rosters.step.waiting": ("待办", "not yet"),
    "rosters.by": ("{who} · {moment}", "{who} · {moment}"),
    "rosters.diff": ("导入后的变化", "What applying changes"),
    "rosters.diff.applied": ("导入带来的变化", "What applying has changed"),
    "rosters.kept": (
        "另有 {n} 人未列入全量名册，但可能是未通过的行，故保留不退出。",
        "{n} more are absent from the full roster but stay, because a rejected row may be theirs.",
    ),
    "rosters.passed_over": (
        "{n} 行不涉及登记人员，未保存。",
        "{n} rows concern nobody on the register; nothing is kept of them.",
    ),
    "rosters.errors": ("未通过的行", "Rejected rows"),
    "rosters.errors.none": ("各行均通过核对。", "Every row was accepted."),
    "rosters.errors.first": (
        "以下为前 {shown} 条，共 {total} 条；全部见错误清单。",
        "The first {shown} of {total}; all are in the errors file.",
    ),
    "rosters.errors.file": ("下载错误清单 errors.xlsx", "Download errors.xlsx"),
    "rosters.errors.row": ("行", "Row"),
    "rosters.errors.column": ("列", "Column"),
    "rosters.errors.what": ("问题与改正方法", "What is wrong, and the cure"),
    "rosters.households": ("成员不全的家庭", "Households with members missing"),
    "rosters.households.lead": (
        "全量名册只列出了这些家庭的部分成员，多半是漏填。导入后，未列出的成员将退出。",
        (
            "The full roster lists only some members of these households, often by a slip. Those "
            "left out leave the register when it is applied."
        ),
    ),
    "rosters.households.listed": ("列出", "Listed"),
    "rosters.households.missing": ("缺少", "Missing"),
    "rosters.households.who": ("缺少的成员", "Who is missing"),
    "rosters.households.all": ("查看 {n} 户", "Show {n} households"),
    "rosters.affected": ("受影响的既往识别", "Earlier recognitions told anew"),
    "rosters.affected.all": ("查看 {n} 次", "Show {n}"),
    "rosters.affected.lead": (
        "名册追溯更正后，下列就诊当日的类别与当时答复不同，已自动通知结算；当时的答复仍留存。",
        (
            "The roster reaches back: on the days of these visits other categories held than was "
            "answered. Settlement was told; what was answered then stays on record."
        ),
    ),
    "rosters.affected.visit": ("就诊", "Visit"),
    "rosters.affected.then": ("当时类别", "Categories then"),
    "rosters.affected.now": ("现在类别", "Categories now"),
    "rosters.affected.none": ("没有受影响的识别。", "No recognition was affected."),
    "rosters.confirm": ("确认无误", "Confirm"),
    "rosters.confirm.lead": (
        "请核对上面的行数、变化与成员不全的家庭。确认后方可导入。",
        "Look at the counts, the changes and the incomplete households; then it can be applied.",
    ),
    "rosters.confirm.own": (
        "您是上传人，须由另一人核对确认。",
        "You uploaded it: another person must confirm it.",
    ),
    "rosters.apply": ("导入登记册", "Apply to the register"),
    "rosters.apply.lead": (
        "导入后立即在所有窗口生效，不能撤回；如有差错，需上传更正的名册。",
        (
            "It takes effect at every window at once and cannot be taken back; a mistake is corrected "
            "by another roster."
        ),
    ),
    "rosters.apply.sure": (
        "我已知悉，{n} 人将退出登记",
        "I know that {n} persons will leave the register",
    ),
    "rosters.apply.sure.none": ("我已核对，同意导入", "I have looked at it and apply it"),
    "rosters.apply.unsure": ("请先勾选", "Tick this first"),
    "rosters.confirmed.done": ("已确认，可以导入。", "Confirmed; it can be applied."),
    "rosters.applied.done": ("已导入。", "Applied."),
    "rosters.uploaded.done": (
        "已上传并核对，尚未生效。",
        "Uploaded and checked; nothing takes effect yet.",
    ),
    "rosters.back": ("返回名册导入", "Back to rosters"),
    "rosters.open": ("查看", "Open"),
    "stage.reading": ("读取文件", "reading the file"),
    "stage.judging": ("逐行核对", "judging rows"),
    "stage.comparing": ("与登记册比对", "comparing with the register"),
    "stage.applying": ("写入登记册", "applying"),
    "stage.removing": ("办理退出", "removing"),
    "stage.reopening": ("更正既往识别", "correcting earlier recognitions"),
    "stage.matching": ("逐行识别", "matching rows"),
    "stage.writing": ("生成结果", "writing the result"),
    "stage.done": ("完成", "done"),
    "stage.failed": ("未完成", "failed"),
}

BATCH: dict[str, tuple[str, str]] = {
    "batch.title": ("批量识别", "Batch"),
    "batch.lead": (
        "上传就诊清单(如上月门诊)，得到每行的识别结果。只识别、不登记就诊，也不发通知；结果不在系统留存。",
        (
            "Upload a list of visits, such as last month's outpatients, and get every row's grade. "
            "Nothing is kept as a recognition and nobody is told; the result is not stored."
        ),
    ),
    "batch.file": ("就诊清单(.xlsx)", "List of visits (.xlsx)"),
    "batch.file.missing": ("请选择就诊清单", "Choose the list"),
    "batch.do": ("开始识别", "Match"),
    "batch.columns": (
        (
            "首行为表头。可识别的列：姓名、证件号码、出生日期、性别、联系电话、住址(或乡镇、村)、健康卡号、母亲证件号码、"
            "就诊日期；其余各列原样保留。最多 {n} 行。"
        ),
        (
            "The first row holds headers. Read are: name, ID number, birth date, sex, telephone, address "
            "(or township, village), card number, mother's ID number, date of visit; all columns are "
            "kept. At most {n} rows."
        ),
    ),
    "batch.added": (
        "结果在各列之后增加：识别等级、姓名(脱敏)、人员编号、人员类别、理由。",
        "Added behind them: grade, masked name, person, categories, reasons.",
    ),
    "batch.done": ("识别完成，结果已下载。", "Done; the result was downloaded."),
    "batch.progress": ("{done} / {total} 行", "{done} of {total} rows"),
    "batch.cli": (
        "行数更多时请管理员用命令行:yizhan identity match visits.xlsx",
        "For longer lists the operator uses: yizhan identity match visits.xlsx",
    ),
    "batch.busy": (
        "您已有一份清单正在识别，请等它完成",
        "A list of yours is being matched; wait until it is done",
    ),
}
