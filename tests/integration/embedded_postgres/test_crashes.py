"""kill -9 of the process that started the server, of the server, and while it is being made."""

import os
import signal
import threading
from pathlib import Path

from deploy.embedded.postgres import EmbeddedPostgres
from shared.db.trouble import DRIVER_ERRORS
from tests.integration.embedded_postgres.looking import FAST, alive, launch, query, until


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
    except (OSError, *DRIVER_ERRORS):
        return


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
