"""Started again: the same data, after what may have happened in between, or the reason why not."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from deploy.embedded.postgres import DataDirInUse, EmbeddedPostgres, PostgresDidNotStart
from deploy.embedded.privileges import Account, require_passwd_entry, spawn
from tests.integration.embedded_postgres.looking import FAST, ROOT, query, until


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
