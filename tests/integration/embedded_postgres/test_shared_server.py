"""The suite's own use of it: one server for every worker of a test run."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.embedded_postgres.looking import REPOSITORY, alive, query, until

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
