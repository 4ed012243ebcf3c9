"""How large a roster may be, and what is said of a larger one."""

from __future__ import annotations

from collections.abc import Mapping

from services.identity.settings import IdentitySettings
from shared.http.limits import BodyLimit
from shared.http.problem import FieldFault, TooLarge

_ADDRESSES = ("/v1/roster-imports", "/rosters")
# Parts of a full roster sent as full would each end the categories of everybody in the others.
_CURE = (
    "split it, for example by township, and send the parts as mode=delta (a part sent as full"
    " takes everybody else off the register), or have {setting} raised"
)
_CURE_ZH = (
    "请拆分(如按乡镇)后以“增量”方式分别上传(一部分以“全量”上传会使其余人员退出)，"
    "或请管理员调高 {setting}"
)


class RosterTooLong(TooLarge):
    """More rows than one import takes."""

    code = "roster_too_long"
    title = "The roster has more rows than one import takes"
    title_zh = "名册行数超过一次导入的上限"

    def __init__(self, most_rows: int) -> None:
        setting = "IDENTITY_MAX_ROSTER_ROWS"
        advice = f"one import takes at most {most_rows} rows; {_CURE.format(setting=setting)}"
        advice_zh = f"一次最多导入 {most_rows} 行，{_CURE_ZH.format(setting=setting)}"
        super().__init__(advice, errors=[FieldFault("file", self.code, advice, advice_zh)])


def upload_limit(settings: IdentitySettings) -> BodyLimit:
    """Of the upload of a roster, file and form together."""
    most, setting = settings.max_roster_bytes, "IDENTITY_MAX_ROSTER_BYTES"
    advice = f"a roster's upload takes at most {most} bytes; {_CURE.format(setting=setting)}"
    advice_zh = f"名册文件最大 {most} 字节，{_CURE_ZH.format(setting=setting)}"
    return BodyLimit(most, advice, (FieldFault("file", TooLarge.code, advice, advice_zh),))


def upload_limits() -> Mapping[str, BodyLimit]:
    """The same by the service's addresses that take a roster."""
    limit = upload_limit(IdentitySettings())
    return dict.fromkeys(_ADDRESSES, limit)
