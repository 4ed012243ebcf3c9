"""Static files: named by content, cached, compressed, and nothing but what is in the folder."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from shared.web.assets import STATIC_FOLDER, Assets, shared_assets, static_app


@pytest.fixture
async def http():
    app = Starlette(routes=[Mount("/static", app=static_app())])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://x"
    ) as client:
        yield client


async def test_a_pinned_address_is_kept_for_a_year(http: httpx.AsyncClient) -> None:
    """Goal: no second download. Method: ask with the hash, with another, and without."""
    url = shared_assets().url("css/yizhan.css")
    assert re.fullmatch(r"/static/css/yizhan\.css\?v=[0-9a-f]{16}", url)
    pinned = await http.get(url)
    assert pinned.status_code == 200
    assert "immutable" in pinned.headers["cache-control"]
    assert pinned.headers["content-type"].startswith("text/css")
    for other in ("/static/css/yizhan.css", "/static/css/yizhan.css?v=0123456789abcdef"):
        assert (await http.get(other)).headers["cache-control"] == "no-cache"


async def test_an_unchanged_file_is_not_sent_again(http: httpx.AsyncClient) -> None:
    """Goal: 304. Method: ask with the ETag of the first answer, then with a wrong one."""
    first = await http.get("/static/js/boot.js")
    again = await http.get("/static/js/boot.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await http.get("/static/js/boot.js", headers={"if-none-match": '"other"'})
    assert other.status_code == 200


async def test_text_is_compressed_for_those_who_can_read_it(http: httpx.AsyncClient) -> None:
    """Goal: small answers. Method: raw bytes with and without accept-encoding."""
    path = "/static/vendor/echarts/echarts.common.min.js"
    plain = await http.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with http.stream("GET", path, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/none.js", "/static/%2e%2e/assets.py", "/static/css/%2e%2e/%2e%2e/assets.py",
     "/static/..%5cassets.py", "/static/css", "/static/%2fetc/passwd"],
)  # fmt: skip
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    """Goal: no way out of the folder. Method: absent names and ways upwards."""
    assert (await http.get(path)).status_code == 404


async def test_only_reading(http: httpx.AsyncClient) -> None:
    """Goal: GET and HEAD. Method: a POST is told what is allowed; HEAD has no body."""
    assert (await http.post("/static/js/boot.js")).headers["allow"] == "GET, HEAD"
    head = await http.head("/static/js/boot.js")
    assert head.status_code == 200


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    """Goal: symbolic links stay inside. Method: link to a file beside the folder."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(LookupError):
        Assets(inside, "/s").get("link.txt")


def test_every_vendored_library_tells_version_and_licence() -> None:
    """Goal: licences travel along. Method: each folder has a LICENSE and a row with its version."""
    readme = (STATIC_FOLDER / "vendor" / "README.md").read_text(encoding="utf-8")
    folders = [path for path in (STATIC_FOLDER / "vendor").iterdir() if path.is_dir()]
    assert {folder.name for folder in folders} == {"echarts", "swagger-ui"}
    for folder in folders:
        assert (folder / "LICENSE").stat().st_size > 1_000
        assert re.search(rf"`{folder.name}/`.*\|\s*\d+\.\d+\.\d+\s*\|", readme)


def test_our_own_files_ask_nobody_else() -> None:
    """Goal: no outside request. Method: look for addresses in styles, scripts and templates."""
    roots = [STATIC_FOLDER, STATIC_FOLDER.parent / "templates"]
    roots.append(STATIC_FOLDER.parents[2] / "services" / "reporting" / "dashboard")
    files = [
        file
        for root in roots
        for file in root.rglob("*")
        if file.suffix in {".css", ".js", ".html", ".svg"} and "vendor" not in file.parts
    ]
    assert len(files) >= 8
    for file in files:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(\s*['\"]?//", text), file.name
