"""Folders, programs, accounts, passwords: who may do what."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import traceback
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded import layout
from deploy.embedded.postgres import EmbeddedPostgres
from tests.integration.embedded_postgres.looking import FAST, ROOT, alive, logs_of, query


def test_a_closed_data_folder_works_and_no_folder_of_others_is_touched(tmp_path: Path) -> None:
    """Goal: works below a 0700 folder, and leaves permissions alone. Method: compare before, after."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    data.mkdir(mode=0o750)
    watched = [data, *data.parents]

    def modes() -> list[tuple[int, int, int]]:
        return [(s.st_mode, s.st_uid, s.st_gid) for s in (path.stat() for path in watched)]

    before = modes()
    said: list[str] = []
    server = EmbeddedPostgres(data, settings=FAST, progress=said.append)
    server.start()
    pid = server.pid
    assert pid is not None
    assert query(server.ensure_database("identity"), "SELECT 41 + 1") == 42
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert os.getsid(pid) != os.getsid(0), "Ctrl-C in the terminal would reach it"
    cluster = server.cluster
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert cluster.is_relative_to(data) is not ROOT
    server.stop()

    assert not alive(pid)
    assert server.pid is None
    assert modes() == before
    assert stat.S_IMODE((data / "postgres.json").stat().st_mode) == 0o600
    assert any("creating" in message for message in said)

    shutil.rmtree(data)
    with EmbeddedPostgres(data, settings=FAST) as second:
        assert query(second.ensure_database("identity"), "SELECT count(*) FROM pg_database") == 4
        assert (second.cluster == cluster) is not ROOT, "a wiped folder must not find old data"
        second.destroy()
    assert not second.cluster.exists()


def test_closed_programs_are_copied_once(
    tmp_path: Path,
    open_folder: Path,
    system_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Goal: an installation nobody else can reach works. Method: the wheel in 0700, umask 077."""
    package = layout.wheel_folder()
    closed = tmp_path / "closed"
    layout._copy_programs(package, closed)
    closed.chmod(0o700)
    monkeypatch.setattr(layout, "wheel_folder", lambda: closed / package.name)

    found: list[tuple[Path, int]] = []
    usual = os.umask(0o077)
    request.addfinalizer(lambda: os.umask(usual))
    for name in ("one", "two"):
        with EmbeddedPostgres(open_folder / "made" / name, settings=FAST) as server:
            program = server.bin("pg_dump")
            found.append((program, program.stat().st_ino))
            assert server.cluster == open_folder / "made" / name / "postgres"
            finished = subprocess.run(
                [program, "--schema-only", server.dsn("postgres")], capture_output=True, check=True
            )
            assert b"PostgreSQL database dump" in finished.stdout

    assert found[0] == found[1]
    home = system_folder if ROOT else closed
    assert found[0][0].is_relative_to(home)
    if ROOT:
        (copy,) = system_folder.glob("postgres-18*")
        assert not any(
            path.lstat().st_uid != 0 or (not path.is_symlink() and path.stat().st_mode & 0o022)
            for path in [copy, *copy.rglob("*")]
        )
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_an_ordinary_user_needs_no_rights(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: start, use and stop as a user. Method: a fork that became `nobody` when we are root."""
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    user = os.geteuid()
    if ROOT:
        user = pwd.getpwnam("nobody").pw_uid
        os.chown(home, user, -1)
        # The installation itself may lie where only root can go.
        package = layout.wheel_folder()
        layout._copy_programs(package, open_folder / "programs")
        monkeypatch.setattr(layout, "wheel_folder", lambda: open_folder / "programs" / package.name)
    with EmbeddedPostgres(open_folder / "warm", settings=FAST) as warm:
        query(warm.dsn("postgres"), "SELECT 1")  # every module is loaded before the fork

    def as_user() -> str:
        with EmbeddedPostgres(home / "data", settings=FAST) as server:
            url = server.ensure_database("identity")
            assert query(url, "CREATE TABLE t (n int)", "SELECT current_user") == "identity"
            return f"{Path(f'/proc/{server.pid}').stat().st_uid} {server.cluster}"

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if ROOT:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(user, user, user)
            answer = as_user()
        except BaseException:  # noqa: BLE001 - the parent compares and shows it
            answer = traceback.format_exc()
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert answer == f"{user} {home / 'data' / 'postgres'}"

    # Whoever starts it next, also root, becomes the owner of the cluster and takes nothing away.
    with EmbeddedPostgres(home / "data", settings=FAST) as again:
        assert query(again.ensure_database("identity"), "SELECT count(*) FROM t") == 0
        assert Path(f"/proc/{again.pid}").stat().st_uid == user
    assert {path.stat().st_uid for path in (home / "data").iterdir()} == {user}


def test_every_door_asks_for_a_password(server: EmbeddedPostgres) -> None:
    """Goal: no trust anywhere, no TCP, no way into another service's database."""
    url = server.ensure_database("identity")
    assert server.ensure_database("identity") == url
    server.ensure_database("claims")
    for line in (server.cluster / "pg_hba.conf").read_text().splitlines():
        assert line.startswith("#") or not line.strip() or line.split()[-1] == "scram-sha-256"

    password = json.loads((server.data_dir / "postgres.json").read_text())["passwords"]["identity"]
    for wrong in (
        url.replace(password, "x"),
        server.dsn("postgres").replace("postgres:", "claims:"),
    ):
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(wrong, "SELECT 1")
    for other in ("claims", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(server.dsn(other, "identity"), "SELECT 1")
    assert query(url, "SHOW listen_addresses") == ""
    assert query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    facts = "SELECT concat_ws(' ', current_setting('server_encoding'), current_setting('TimeZone'))"
    assert query(url, facts) == "UTF8 UTC"
    with pytest.raises(LookupError, match="ensure_database"):
        server.dsn("identity", "nobody_made_me")
    with pytest.raises(ValueError, match="lower-case"):
        server.ensure_database('x"; DROP')
    with pytest.raises(LookupError, match="no program"):
        server.bin("../postgres")


def test_the_log_holds_no_value(server: EmbeddedPostgres) -> None:
    """Goal: no identifier in the log. Method: errors that PostgreSQL words with the value in them."""
    url = server.ensure_database("identity")
    query(url, "CREATE TABLE person (id text PRIMARY KEY)", "SELECT 1")
    secret = "王小明511399"
    for statement in (
        f"INSERT INTO person VALUES ('{secret}'), ('{secret}') RETURNING id",
        f"SELECT '{secret}'::int",
        f"SELECT no_such_function('{secret}')",
        f"DO $$ BEGIN RAISE WARNING '{secret}'; RAISE EXCEPTION '{secret}'; END $$",
    ):
        with pytest.raises(asyncpg.PostgresError):
            query(url, statement)
    with pytest.raises(asyncpg.PostgresError):
        query(server.dsn("postgres"), f"SELECT '{secret}' FROM nowhere")
    text = logs_of(server)
    assert "database system is ready" in text
    assert secret not in text
    assert 'relation "nowhere" does not exist' in text, "the check must be able to see an error"
