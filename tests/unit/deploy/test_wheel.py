"""An installed product has what the code reads: pages, packs, schemas, migrations; and no secret."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.unit.deploy.deployment import REPOSITORY

READ_AT_RUN_TIME = ("services", "shared", "deploy/packs")
_CACHES = ("__pycache__", ".pyc")


def wanted() -> set[str]:
    """Every file of the code's folders, and every module of ``deploy``."""
    files = [
        path
        for folder in READ_AT_RUN_TIME
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and not any(each in str(path) for each in _CACHES)
    ]
    files += (REPOSITORY / "deploy").rglob("*.py")
    return {path.relative_to(REPOSITORY).as_posix() for path in files}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that is built of this checkout, without any network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    # A copy, because the build leaves its folders beside the source.
    unwanted = shutil.ignore_patterns("__pycache__", "target", "secrets")
    for name in ("services", "shared", "deploy"):
        shutil.copytree(REPOSITORY / name, source / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    (source / "deploy/compose/secrets").mkdir()
    (source / "deploy/compose/secrets/keys.json").write_text("{}")
    script = "from setuptools import build_meta; import sys; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def test_nothing_that_the_code_reads_is_missing(packed: set[str]) -> None:
    """Goal: an installed copy works as the checkout does. Method: files of the folders against the
    wheel's."""
    assert wanted() - packed == set()
    for one_of_each in (
        "shared/web/templates/base.html", "shared/web/static/vendor/echarts/NOTICE",
        "services/reporting/dashboard/templates/dashboard.html",
        "services/reporting/screens/static/dashboard.js",
        "deploy/packs/jinkouhe-2016/parameters.yaml", "shared/events/asyncapi.yaml",
    ):  # fmt: skip
        assert one_of_each in packed
    assert any(name.startswith("services/claims/migrations/versions/") for name in packed)


def test_nothing_else_is_in_it(packed: set[str]) -> None:
    """Goal: no secret and no test gets into a package. Method: a secret that was there to take."""
    assert packed - wanted() == set()
