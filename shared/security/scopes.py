"""Every scope there is, in words, and the clients that the embedded default creates."""

from __future__ import annotations

SCOPES: dict[str, str] = {
    "identity:roster": "upload and apply rosters / 导入名册",
    "identity:recognise": "recognise a patient at a visit / 识别就诊患者",
    "identity:persons": "find registered persons, masked / 查询登记人员(脱敏)",
    "identity:reveal": "see a person's identifiers, logged / 查看完整身份信息(留痕)",
    "identity:review": "decide doubtful recognitions / 复核存疑识别",
    "identity:cards": "issue and revoke health cards / 发放与注销电子健康卡",
    "claims:encounters": "open encounters, send charges, discharge / 登记就诊与费用",
    "claims:settle": "preview, settle and reverse / 结算与冲销",
    "claims:quote": "calculate without keeping / 试算",
    "claims:ledger": "read standings and the ledger / 查看账务",
    "claims:funds": "book money that comes into the funds / 登记基金拨入",
    "claims:reconcile": "reconcile days and close differences / 对账与处理差异",
    "claims:monitor": "look for irregular bills and decide about flags / 智能监控与处理疑点",
    "claims:clearing": "prepare and submit clearing runs / 编制与申报清算",
    "claims:clearing-review": "review clearing runs / 审核清算",
    "claims:clearing-approve": "approve and pay clearing runs / 核准与拨付清算",
    "claims:clearing-approve-waivers": "approve and pay waivers / 核准与拨付减免资金",
    "contracts:write": "sign contracts, record follow-ups / 签约与随访登记",
    "contracts:read": "worklists and contracts / 查看签约与任务",
    "contracts:review": "look for visits that are hard to believe and decide / 核查随访真实性",
    "reporting:read": "indicators and their lists / 查看指标",
    "reporting:close": "draft, refresh, submit and reopen month closes / 编制、报送与重开月结",
    "reporting:accept": "accept a month for the county / 县级审核月结",
    "reporting:sign": "sign a month / 签发月结",
    "reporting:register": "keep the register of problems and tasks / 维护台账",
    "reporting:register-check": "check and close items of the register / 核查销号",
    "reporting:standards": "record places, institutions and staff / 登记机构标准数据",
    "reporting:assess": "assess, publish and take measures / 考核与通报",
    "reporting:rebuild": "rebuild projections / 重建统计",
    "events:read": "pull the event feed / 拉取事件",
}

DEFAULT_CLIENTS: dict[str, tuple[str, ...]] = {
    "hospital": (
        "identity:recognise", "claims:encounters", "claims:settle", "claims:quote",
        "claims:ledger", "claims:clearing", "claims:reconcile", "contracts:read",
    ),
    "insurer": (
        "claims:quote", "claims:ledger", "claims:funds", "claims:clearing-approve",
        "claims:reconcile", "claims:monitor", "identity:roster", "events:read", "reporting:read",
    ),
    "poverty-office": (
        "identity:roster", "identity:persons", "identity:reveal", "identity:review",
        "identity:cards", "reporting:read", "events:read", "claims:ledger", "claims:funds",
        "claims:clearing-approve", "claims:clearing-approve-waivers", "claims:reconcile",
        "reporting:close", "reporting:accept",
        "reporting:register", "reporting:register-check", "reporting:standards",
        "reporting:assess",
    ),
    "township": (
        "contracts:read", "contracts:write", "identity:persons", "reporting:read",
        "reporting:close", "reporting:register", "reporting:standards",
    ),
    "director": (
        "reporting:read", "reporting:close", "reporting:accept", "reporting:sign",
        "reporting:register", "reporting:register-check", "reporting:standards",
        "reporting:assess",
        "claims:ledger", "claims:clearing-review", "claims:monitor", "contracts:read",
        "contracts:review",
    ),
    "operator": tuple(SCOPES),
}  # fmt: skip
"""Created on the first start of the embedded default; all belong to the whole county."""
