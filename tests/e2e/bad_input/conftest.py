from collections.abc import Iterator

import pytest

from tests.e2e.bad_input.desk import Desk
from tests.e2e.inspection import quiet_counts
from tests.support.main_job import MainJob
from tests.support.product import product


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with product(tmp_path_factory.mktemp("bad-input") / "data") as yizhan:
        yizhan.start()
        job = MainJob(yizhan)
        job.import_roster()
        job.apply_roster()
        job.recognise()
        job.await_encounter()
        for client in ("hospital", "poverty-office", "operator", "township"):
            yizhan.token(client)
        quiet_counts(yizhan)
        yield Desk(yizhan, job)
