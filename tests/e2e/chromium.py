"""A headless Chromium, driven over its debugging pipe: no driver to install, no port to find."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_READ_BYTES = 1 << 16


def find_chromium() -> str:
    """The browser's path; the test is passed over on a machine that has none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium on the PATH")
    return found


class Chromium:
    """One browser with one page.

    Args:
        profile: an empty folder for its files.
        width, height: of the page, in CSS pixels.
    """

    def __init__(self, profile: Path, *, width: int = 1366, height: int = 768) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def third_and_fourth() -> None:
            # Through high numbers: either pipe may itself be 3 or 4.
            os.dup2(to_read, 98)
            os.dup2(to_write, 99)
            os.dup2(98, 3)
            os.dup2(99, 4)

        self._process = subprocess.Popen(
            [
                find_chromium(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-pipe",
                "--lang=zh-CN",
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            preexec_fn=third_and_fourth,  # noqa: PLW1509 - the pipe must be 3 and 4
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.errors: list[str] = []
        """What the pages' scripts complained of, and what the security policy stopped."""
        (page,) = [
            target
            for target in self.call("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        ]
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.size(width, height)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(30)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self._note(answer)

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(message["params"]["exceptionDetails"].get("text")))
        if message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error" and entry["source"] != "network":
                self.errors.append(entry["text"])

    def _next(self, within_s: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], within_s)[0]:
                raise TimeoutError("Chromium says nothing")
            read = os.read(self._read, _READ_BYTES)
            if not read:
                raise EOFError(f"Chromium ended with {self._process.poll()}")
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))

    # --- what a person does ---

    def size(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip

    def open(self, address: str) -> None:
        self.run("window.__old = true")
        self.call("Page.navigate", url=address)
        self.until("!window.__old && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, script: str, within_s: float = 20.0) -> None:
        """Wait until an expression is true; the page may be left meanwhile."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                if self.run(script):
                    return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within_s} s: {script}\n{self.text()[:2000]}")
            time.sleep(0.05)

    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def address(self) -> str:
        return str(self.run("location.href"))

    def type(self, text: str) -> None:
        """Type where the cursor is; what is selected is replaced."""
        self.call("Input.insertText", text=text)

    def key(self, key: str) -> None:
        """Press a key: a letter or digit, ``Enter`` or ``Escape``."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        facts: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
        self.call(
            "Input.dispatchKeyEvent",
            type="keyDown" if text else "rawKeyDown",
            **facts,
            **({"text": text} if text else {}),
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    def click(self, selector: str) -> None:
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " if (e) { e.scrollIntoView({block: 'center'}); e.click(); } return !!e; })()"
        )
        assert found, f"nothing to click at {selector}\n{self.text()[:2000]}"

    def fill(self, selector: str, text: str) -> None:
        """Put the cursor into a field and type over what is there."""
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " if (e) { e.focus(); e.select && e.select(); } return !!e; })()"
        )
        assert found, f"no field {selector}"
        self.type(text)

    def choose_file(self, selector: str, file: Path) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(file)], nodeId=node)

    def sign_in(self, base_url: str, user: str, password: str) -> None:
        self.open(f"{base_url}/signin")
        self.fill("#user", user)
        self.fill("#password", password)
        self.key("Enter")
        self.until("!location.pathname.startsWith('/signin') && document.readyState === 'complete'")

    def sign_out(self) -> None:
        self.click("form.leave button")
        self.until("location.pathname === '/signin' && document.readyState === 'complete'")

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """A picture of what is seen, or of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        os.close(self._read)
        os.close(self._write)
