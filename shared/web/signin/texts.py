"""Texts of signing in."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "signin.title": ("登录", "Sign in"),
    "signin.lead": (
        "使用管理员发给您的账号登录。",
        "Use the account that your operator gave you.",
    ),
    "signin.user": ("用户名", "User name"),
    "signin.password": ("密码", "Password"),
    "signin.do": ("登录", "Sign in"),
    "signin.help": (
        "忘记密码或账号被停用，请联系本单位系统管理员重新设置。",
        "If you forgot your password or your account is closed, ask your operator to set a new one.",
    ),
    "signin.wrong": (
        "用户名或密码不正确。请检查大小写和输入法后重试。",
        "User name or password is not right. Check capitals and the input method, then try again.",
    ),
    "signin.wait": (
        "尝试次数过多，请等待 {minutes} 后再试。这不会影响已登录的同事。",
        "Too many attempts: wait {minutes}, then try again. Colleagues who are signed in go on.",
    ),
    "signin.seconds": ("{n} 秒", "{n} s"),
    "signin.minutes": ("{n} 分钟", "{n} min"),
    "signin.user_missing": ("请填写用户名。", "Write your user name."),
    "signin.password_missing": ("请填写密码。", "Write your password."),
    "signin.stale": (
        "登录页面已过期，请再提交一次。浏览器须允许本站 Cookie。",
        "The page had expired: send it once more. The browser must allow this site's cookies.",
    ),
    "signin.unavailable": (
        "暂时无法登录：账号文件不可用。请联系系统管理员。",
        "Signing in is not possible just now: the accounts cannot be read. Tell the operator.",
    ),
    "signin.bye": ("您已安全退出。", "You are signed out."),
    "account.title": ("我的账号", "My account"),
    "account.name": ("姓名或岗位", "Who"),
    "account.user": ("用户名", "User name"),
    "account.organisation": ("所属机构", "Organisation"),
    "account.region": ("全县(区划 {code})", "The whole county (region {code})"),
    "account.facility": ("医疗机构 {code}", "Facility {code}"),
    "account.township": ("{code}", "{code}"),
    "account.village": ("{code}", "{code}"),
    "account.team": ("签约团队 {code}", "Team {code}"),
    "account.scopes": ("可以办理", "May do"),
    "account.noscopes": ("暂无任何权限。", "Nothing yet."),
    "account.language": ("界面语言", "Language"),
    "account.chinese": ("中文", "中文"),
    "account.english": ("English", "English"),
    "account.ends": ("本次登录最迟于 {moment} 结束", "This session ends at {moment} at the latest"),
    "password.title": ("修改密码", "Change password"),
    "password.must": (
        "您使用的是初始密码。请先设置自己的密码，然后才能继续办理业务。",
        "You came in with a password that others have seen. Set your own before you go on.",
    ),
    "password.current": ("当前密码", "Present password"),
    "password.new": ("新密码", "New password"),
    "password.again": ("再次输入新密码", "New password again"),
    "password.rule": (
        "至少 {least} 个字符；不要包含用户名、连续数字或常见密码。可以用一句话。",
        "At least {least} characters; not your user name, 123456 or a known word. A sentence is fine.",
    ),
    "password.do": ("保存新密码", "Save the new password"),
    "password.done": (
        "密码已修改。您在其他电脑上的登录已全部退出。",
        "The password is changed. Your sessions on other computers have ended.",
    ),
    "password.wrong": ("当前密码不正确。", "The present password is not right."),
    "password.differs": ("两次输入的新密码不一致。", "The two new passwords differ."),
    "password.same": (
        "新密码不能与当前密码相同。",
        "The new password must not be the present one.",
    ),
    "password.too_short": (
        "密码太短，至少 {least} 个字符。",
        "Too short: at least {least} characters.",
    ),
    "password.too_long": ("密码太长，最多 {most} 个字符。", "Too long: at most {most} characters."),
    "password.holds_user": ("密码中不能包含用户名。", "Leave your user name out of it."),
    "password.too_simple": (
        "密码过于简单：不同字符太少，或含有连续、重复的字符。",
        "Too simple: few different characters, or a run like 123456.",
    ),
    "password.well_known": (
        "这是常见密码，容易被猜中，请换一个。",
        "This is a well-known password, tried first by guessers. Choose another.",
    ),
    "password.continue": ("继续办理", "Go on"),
    "refused.nobody": ("您已退出登录", "You are not signed in"),
    "refused.nobody.what": (
        "登录已超时或已退出，刚才提交的内容没有保存。重新登录后请再提交一次。",
        "Your session has ended, and what you sent was not saved. Sign in and send it again.",
    ),
    "refused.scope": ("您没有使用此页面的权限", "This page is not part of your duties"),
    "refused.scope.what": (
        "此页面需要“{scope}”权限。如工作需要，请联系系统管理员开通。",
        "It needs the right “{scope}”. If your work needs it, ask the operator.",
    ),
    "refused.form": ("表单已过期", "The form has expired"),
    "refused.form.what": (
        "为防止他人冒用您的身份，本次提交未被接受，没有保存任何内容。请返回并刷新页面后重新提交。",
        "To protect you it was not taken; nothing was saved. Reload the page and send it again.",
    ),
    "refused.signin": ("重新登录", "Sign in"),
    "refused.home": ("返回首页", "To the first page"),
}
