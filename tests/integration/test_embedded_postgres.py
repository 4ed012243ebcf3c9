"""The embedded PostgreSQL, as whoever runs the tests: root (dropping privileges) or a user.

What differs between the two is asserted by effective uid, so that each run proves its own half.
"""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded import layout
from deploy.embedded.blocking import run_blocking
from deploy.embedded.postgres import DataDirInUse, EmbeddedPostgres, PostgresDidNotStart
from deploy.embedded.privileges import Account, require_passwd_entry, spawn
from tests.support import postgres as shared_server

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
FAST["shared_buffers"] = "16MB"

LAUNCHER = """
import sys, time
from pathlib import Path
from deploy.embedded import layout
from deploy.embedded.postgres import EmbeddedPostgres
layout.SYSTEM_FOLDER = Path(sys.argv[2])
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, server.ensure_database("claims"), flush=True)
time.sleep(600)
"""

WORKER = """
import asyncio, sys, time, asyncpg
from pathlib import Path
from tests.support import postgres
def build(url):
    async def fill():
        connection = await asyncpg.connect(postgres.plain_dsn(url))
        await connection.execute("CREATE TABLE t AS SELECT 7 AS n")
        await connection.close()
    asyncio.run(fill())
    with Path(sys.argv[1]).open("a") as log:
        log.write("built\\n")
postgres.template_database("probe", build)
print(postgres.fresh_database("probe"), flush=True)
sys.stdin.read()
"""


def query(url: str, *statements: str) -> Any:
    """Run the statements on one connection; the value of the last one."""

    async def work() -> Any:
        connection = await asyncpg.connect(shared_server.plain_dsn(url), timeout=20)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return run_blocking(work)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def logs_of(server: EmbeddedPostgres) -> str:
    files = [*(server.cluster / "log").iterdir(), server.data_dir / "postgres-start.log"]
    return "\n".join(file.read_text() for file in files)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of ours that every account may pass through (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="yizhan-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def system_folder(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What root would put below /var/lib goes into the test's own folder."""
    folder = open_folder / "system"
    monkeypatch.setattr(layout, "SYSTEM_FOLDER", folder)
    return folder


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(open_folder / "data", settings=FAST) as running:
        yield running


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


def test_a_restart_keeps_data_and_url(open_folder: Path) -> None:
    """Goal: a restart changes nothing for the application, even if the socket's folder was swept."""
    server = EmbeddedPostgres(open_folder / "data", settings=FAST)
    server.start()
    url = server.ensure_database("claims")
    query(url, "CREATE TABLE t AS SELECT 7 AS n", "SELECT 1")
    socket = Path(json.loads((server.data_dir / "postgres.json").read_text())["socket_dir"])
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert len(str(socket)) < 80
    server.stop()
    assert not socket.exists()

    with EmbeddedPostgres(open_folder / "data", settings=FAST) as again:
        assert again.ensure_database("claims") == url
        assert query(url, "SELECT n FROM t") == 7

    socket.mkdir(mode=0o777)
    socket.chmod(0o777)  # somebody else's folder under our name is not to be trusted
    try:
        with EmbeddedPostgres(open_folder / "data", settings=FAST) as third:
            moved = third.ensure_database("claims")
            assert moved != url
            assert query(moved, "SELECT n FROM t") == 7
    finally:
        socket.rmdir()


def test_a_lost_password_file_is_made_anew(open_folder: Path) -> None:
    """Goal: deleting postgres.json, the cure we name, works. Method: delete, start, read the row."""
    data = open_folder / "data"
    with EmbeddedPostgres(data, settings=FAST) as server:
        url = server.ensure_database("claims")
        query(url, "CREATE TABLE t AS SELECT 7 AS n", "SELECT 1")
    (data / "postgres.json").write_text("{not json")
    with pytest.raises(PostgresDidNotStart, match="damaged"):
        EmbeddedPostgres(data).start()
    (data / "postgres.json").unlink()
    with EmbeddedPostgres(data, settings=FAST) as again:
        renewed = again.ensure_database("claims")
        assert query(renewed, "SELECT n FROM t") == 7
        assert renewed.split("@")[0] != url.split("@")[0]


def test_two_on_one_folder(server: EmbeddedPostgres, open_folder: Path) -> None:
    """Goal: the second start is refused and harms nothing; also through a copied pointer."""
    with pytest.raises(DataDirInUse) as refusal:
        EmbeddedPostgres(server.data_dir).start()
    assert str(server.data_dir) in str(refusal.value)
    assert str(os.getpid()) in str(refusal.value)
    assert "Ctrl-C" in str(refusal.value)
    with pytest.raises(DataDirInUse):
        EmbeddedPostgres(server.data_dir).destroy()

    copy = open_folder / "copy"
    copy.mkdir()
    (copy / "postgres.location").write_text(f"{server.cluster.parent}\n")
    with pytest.raises(DataDirInUse):
        EmbeddedPostgres(copy).start()
    assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_reasons_are_told_and_the_folder_is_free_again(open_folder: Path) -> None:
    """Goal: each failure says what and how to cure it. Method: bad setting, lost home, odd folder."""
    data = open_folder / "data"
    with pytest.raises(PostgresDidNotStart, match="shared_buffers") as failure:
        EmbeddedPostgres(data, settings={**FAST, "shared_buffers": "plenty"}).start()
    assert "shared_buffers" in failure.value.log_tail
    with EmbeddedPostgres(data, settings=FAST) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1

    (data / "postgres.location").write_text(f"{open_folder / 'gone'}\n")
    with pytest.raises(PostgresDidNotStart, match="does not exist"):
        EmbeddedPostgres(data).start()

    odd = open_folder / "odd"
    (odd / "postgres").mkdir(parents=True)
    (odd / "postgres" / "notes.txt").write_text("mine")
    if ROOT:
        os.chown(odd / "postgres", 65534, -1)
    with pytest.raises(PostgresDidNotStart, match="not a PostgreSQL database"):
        EmbeddedPostgres(odd).start()
    assert (odd / "postgres" / "notes.txt").read_text() == "mine"

    file = open_folder / "file"
    file.touch()
    with pytest.raises(PostgresDidNotStart, match="not a folder"):
        EmbeddedPostgres(file).start()
    with pytest.raises(PostgresDidNotStart, match="no entry"):
        require_passwd_entry(Account(3_999_999_999, 1, switch=False))


def test_a_thread_may_start_it(open_folder: Path) -> None:
    """Goal: the kernel's death signal is not tied to the caller's thread. Method: a short thread."""
    server = EmbeddedPostgres(open_folder / "data", settings=FAST)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        assert not until(lambda: server.pid is None, 0.5)
        assert query(server.dsn("postgres"), "SELECT 1") == 1
    finally:
        server.stop()


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(open_folder: Path) -> None:
    """Goal: after a reboot the recorded number may be anyone's. Method: a sleeping stranger."""
    data = open_folder / "data"
    with EmbeddedPostgres(data, settings=FAST) as server:
        cluster = server.cluster
    owner = cluster.stat()
    account = Account(owner.st_uid, owner.st_gid, switch=ROOT)
    stranger = spawn(account, ["/bin/sleep", "60"])
    try:
        (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n1\n5432\n\n\n0 0\n")
        os.chown(cluster / "postmaster.pid", owner.st_uid, owner.st_gid)
        with EmbeddedPostgres(data, settings=FAST) as again:
            assert query(again.dsn("postgres"), "SELECT 1") == 1
        assert stranger.poll() is None, "a stranger must not be stopped"
    finally:
        stranger.kill()
        stranger.wait()


def launch(data: Path, system: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(data), str(system)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )


def test_kill_9_of_the_launcher(open_folder: Path, system_folder: Path) -> None:
    """Goal: nothing committed is lost and no server stays behind. Method: kill -9, start again."""
    data = open_folder / "data"
    with launch(data, system_folder) as launcher:
        assert launcher.stdout is not None
        pid_text, url = launcher.stdout.readline().decode().split()
        query(url, "CREATE TABLE t AS SELECT 7 AS n", "SELECT 1")
        launcher.kill()
    assert until(lambda: not alive(int(pid_text)), 10)

    with launch(data, system_folder) as launcher:
        assert launcher.stdout is not None
        pid_text, url = launcher.stdout.readline().decode().split()
        query(url, "INSERT INTO t VALUES (8)", "SELECT 1")
        launcher.kill()
        launcher.wait()
        # At once, while the old server may still be shutting down.
        with EmbeddedPostgres(data) as server:
            url = server.ensure_database("claims")
            assert query(url, "SELECT array_agg(n ORDER BY n) FROM t") == [7, 8]
            assert not alive(int(pid_text))


def test_kill_9_of_the_server(open_folder: Path) -> None:
    """Goal: recovery after a crash of the server. Method: kill -9 with a busy worker, start again."""
    with EmbeddedPostgres(open_folder / "data") as server:
        url = server.ensure_database("claims")
        query(url, "CREATE TABLE t AS SELECT 7 AS n", "SELECT 1")
        pid = server.pid
        assert pid is not None
        busy = threading.Thread(target=_keep_busy, args=(url,))
        busy.start()
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: server.pid is None)
        server.start()
        busy.join()
        assert server.pid != pid
        assert query(url, "SELECT n FROM t") == 7


def _keep_busy(url: str) -> None:
    try:
        query(url, "SELECT sum(sqrt(n)) FROM generate_series(1, 3000000) AS n")
    except (OSError, asyncpg.PostgresError):
        return


def test_an_earlier_server_that_goes_on_is_stopped(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a server without its launcher is ended politely. Method: one started beside us."""
    data = open_folder / "data"
    with EmbeddedPostgres(data) as server:
        url = server.ensure_database("claims")
        query(url, "CREATE TABLE t AS SELECT 7 AS n", "SELECT 1")
        cluster, program = server.cluster, server.bin("postgres")
    owner = cluster.stat()
    sockets = open_folder / "sockets"
    sockets.mkdir()
    os.chown(sockets, owner.st_uid, owner.st_gid)
    account = Account(owner.st_uid, owner.st_gid, switch=ROOT)
    orphan = spawn(account, [program, "-D", cluster, "-k", sockets, "-c", "listen_addresses="])
    try:
        assert until((cluster / "postmaster.pid").exists)
        monkeypatch.setattr("deploy.embedded.server._PATIENCE_WITH_EARLIER", 0.3)
        said: list[str] = []
        with EmbeddedPostgres(data, progress=said.append) as again:
            assert query(again.ensure_database("claims"), "SELECT n FROM t") == 7
        assert orphan.wait(5) == 0
        assert "stopping the database of an earlier run" in said
    finally:
        if orphan.poll() is None:
            orphan.kill()
            orphan.wait()


def test_kill_9_while_the_database_is_being_made(open_folder: Path, system_folder: Path) -> None:
    """Goal: a half-made cluster is never used. Method: kill -9 during initdb, start again."""
    data = open_folder / "data"
    with launch(data, system_folder) as launcher:
        assert until(lambda: any(data.glob("postgres.new-*/PG_VERSION")))
        launcher.kill()
    assert not (data / "postgres").exists()
    with EmbeddedPostgres(data, settings=FAST) as server:
        assert query(server.ensure_database("claims"), "SELECT 1") == 1
    assert not any(data.glob("postgres.new-*"))


def test_the_suite_shares_one_server_and_the_last_one_out_ends_it(
    tmp_path: Path, open_folder: Path
) -> None:
    """Goal: several workers, one server, one template; a crash is counted out. Method: two workers."""
    environment = {
        **os.environ,
        "PYTEST_XDIST_TESTRUNUID": open_folder.name,
        "TMPDIR": str(open_folder),
    }
    log = tmp_path / "builds"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(log)],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    with workers[0] as first, workers[1] as second:
        assert first.stdout is not None
        assert second.stdout is not None
        urls = [out.readline().decode().strip() for out in (first.stdout, second.stdout)]
        assert log.read_text() == "built\n"
        assert len(set(urls)) == 2
        assert [query(url, "SELECT n FROM t") for url in urls] == [7, 7]
        (folder,) = open_folder.glob("yizhan-tests-*")
        pid = int((folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
        first.kill()
        first.wait()
        assert not until(lambda: not alive(pid), 0.5), "the other worker still needs it"
        assert query(urls[1], "SELECT n FROM t") == 7
        second.stdin.close()  # type: ignore[union-attr]  # opened above
        second.wait(20)
    assert until(lambda: not folder.exists())
    assert not alive(pid)
