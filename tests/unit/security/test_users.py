"""The users file: made once, private, read again when it changes."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.security import passwords
from shared.security.default_users import DEFAULT_USERS
from shared.security.files import SecretFileTooOpen
from shared.security.scopes import SCOPES
from shared.security.users import UsersFile, UsersFileMalformed, UserThere, UserUnknown, user_mark

REGION = "511113"
GOOD = "river-and-mountain"


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a trial costs has tests of its own (test_passwords.py)."""
    monkeypatch.setattr(passwords, "CHOSEN", passwords.DRAWN)


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    return UsersFile.ensure(tmp_path / "users.json", REGION)[0]


def test_a_first_start_makes_the_desks_once(tmp_path: Path) -> None:
    """Goal: one account per desk, private files, kept by a second start. Method: start twice."""
    path = tmp_path / "users.json"
    users, made = UsersFile.ensure(path, REGION)
    before = path.read_bytes()
    assert made == list(DEFAULT_USERS)
    assert UsersFile.ensure(path, REGION)[1] == []
    assert path.read_bytes() == before
    for file in (path, tmp_path / "users-initial.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    drawn = users.initial_passwords()
    assert drawn.keys() == DEFAULT_USERS.keys()
    assert len(set(drawn.values())) == len(drawn)
    assert not any(password in path.read_text() for password in drawn.values())
    for name, password in drawn.items():
        assert users.authenticate(name, password) is not None, name


def test_each_desk_may_do_its_own_work(users: UsersFile) -> None:
    """Goal: no desk has more than its work needs. Method: read scopes back; the operator has all."""
    found = users.all()
    assert found["operator"].scopes == set(SCOPES)
    assert found["window"].scopes >= {"identity:recognise", "claims:settle"}
    assert "identity:reveal" not in found["window"].scopes
    assert found["poverty-a"].scopes == found["poverty-b"].scopes >= {"identity:roster"}
    assert found["doctor"].principal().client_id == "user:doctor"
    assert {user.organisation for user in found.values()} == {f"region:{REGION}"}


def test_a_chosen_password_takes_the_place_of_the_first(users: UsersFile) -> None:
    """Goal: the first password is over and forgotten. Method: choose; try both; read the files."""
    first = users.initial_passwords()["window"]
    before = users.get("window")
    after = users.choose_password("window", GOOD)
    assert users.authenticate("window", GOOD) == after
    assert users.authenticate("window", first) is None
    assert after.generation == before.generation + 1
    assert "window" not in users.initial_passwords()
    assert "doctor" in users.initial_passwords()


def test_disabled_users_are_out_until_enabled(users: UsersFile) -> None:
    """Goal: closing works at once and can be undone. Method: disable, try, enable, try."""
    password = users.initial_passwords()["doctor"]
    users.disable("doctor")
    assert users.authenticate("doctor", password) is None
    users.enable("doctor")
    assert users.authenticate("doctor", password) is not None
    with pytest.raises(UserUnknown):
        users.disable("nobody")


def test_another_process_change_is_seen(users: UsersFile) -> None:
    """Goal: no restart. Method: a second handle writes, the first one reads."""
    users.all()
    password = UsersFile(users.path).add(
        "window-2", name_zh="二号窗口", scopes=["identity:recognise"], organisation="facility:H1"
    )
    found = users.authenticate("window-2", password)
    assert found is not None
    assert found.must_change
    assert found.principal().organisation == "facility:H1"
    with pytest.raises(UserThere):
        users.add("window-2", name_zh="x", scopes=[], organisation="facility:H1")
    again = users.reset_password("window-2")
    assert users.authenticate("window-2", password) is None
    assert users.authenticate("window-2", again) is not None


def test_writers_do_not_lose_each_others_changes(users: UsersFile) -> None:
    """Goal: no lost update. Method: eight at once, each through its own handle."""

    def add(n: int) -> None:
        UsersFile(users.path).add(
            f"clerk-{n}", name_zh=f"{n}号", scopes=[], organisation=f"region:{REGION}"
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert {f"clerk-{n}" for n in range(8)} <= users.all().keys()
    assert [file.name for file in users.path.parent.iterdir() if file.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("name_zh", ""), ("name_zh", None), ("scopes", ["no:such"]), ("scopes", "all"),
        ("organisation", "county"), ("disabled", "no"), ("password_hash", "plain"),
        ("generation", "1"), ("name_en", 5),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_told_by_name(users: UsersFile, fact: str, value: object) -> None:
    """Goal: the operator finds his slip, and no password is repeated. Method: break one fact."""
    document = json.loads(users.path.read_text())
    document["doctor"][fact] = value
    users.path.write_text(json.dumps(document))
    with pytest.raises(UsersFileMalformed) as told:
        users.all()
    assert "doctor" in str(told.value)
    assert "scrypt$12" not in str(told.value)


@pytest.mark.parametrize("text", ["[]", "{", '{"doctor": 1}', '{"Doctor X": {}}'])
def test_another_document_is_refused(users: UsersFile, text: str) -> None:
    """Goal: fail closed. Method: no JSON, no object, a bad name."""
    users.path.write_text(text)
    with pytest.raises(UsersFileMalformed):
        users.all()


def test_an_open_file_is_not_read(users: UsersFile) -> None:
    """Goal: as for the clients. Method: group may read."""
    users.path.chmod(0o640)
    with pytest.raises(SecretFileTooOpen):
        users.all()


def test_a_mark_is_no_name() -> None:
    """Goal: logs tell users apart without naming them. Method: same for same, no trace of it."""
    assert user_mark("zhang.san") == user_mark("zhang.san") != user_mark("li.si")
    assert "zhang" not in user_mark("zhang.san")
