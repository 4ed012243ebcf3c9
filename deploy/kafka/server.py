"""A real Apache Kafka (KRaft, one broker) from Maven Central's jars, without a container engine.

Needs Java 17 or newer and Maven; :class:`JavaMissing` says which of them is not there.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.messaging.kafka import KafkaOptions, answers

_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
TARGET = _HERE / "target"
"""Where the jars are kept between runs."""
_RESOLVE_SECONDS = 900.0
_FORMAT_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOG_LINES = 25


class JavaMissing(RuntimeError):
    """Java or Maven is not installed here, so no real Kafka can be started."""


class KafkaDidNotStart(RuntimeError):
    """The jars could not be had, or the broker did not answer; the text ends with its log."""


def library_folder(work_dir: Path) -> Path:
    """The broker's jars, copied once below ``work_dir`` by Maven.

    Raises:
        JavaMissing: no ``java`` or ``mvn`` on the path.
        KafkaDidNotStart: Maven could not get the jars.
    """
    _require_java()
    # A changed pom.xml means other jars: the folder's name carries its fingerprint.
    fingerprint = uuid.uuid5(uuid.NAMESPACE_OID, _POM.read_text(encoding="utf-8")).hex[:12]
    folder = work_dir / f"kafka-{fingerprint}"
    if folder.is_dir():
        return folder
    work_dir.mkdir(parents=True, exist_ok=True)
    partial = work_dir / f"{folder.name}.{os.getpid()}"
    maven = shutil.which("mvn") or "mvn"
    copy = [
        *(maven, "--quiet", "--batch-mode", "--file", str(_POM)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime"),
        f"-DoutputDirectory={partial}",
    ]
    done = subprocess.run(  # noqa: S603 - our own arguments
        copy, cwd=work_dir, capture_output=True, text=True, timeout=_RESOLVE_SECONDS, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise KafkaDidNotStart(f"Maven could not get Kafka's jars:\n{_tail(done.stdout)}")
    if folder.is_dir():
        shutil.rmtree(partial)
    else:
        partial.rename(folder)
    return folder


class RealKafka:
    """One broker that is its own controller; data below ``work_dir``, free ports of this machine.

    Use as a context manager, or call :meth:`start`, :meth:`stop`, :meth:`kill`. A broker that was
    stopped or killed can be started again with its data and on the same ports.
    """

    def __init__(
        self, work_dir: Path, *, libraries: Path | None = None, start_timeout_s: float = 90.0
    ) -> None:
        self._work_dir = work_dir.absolute()
        self._libraries = libraries
        self._start_timeout_s = start_timeout_s
        self._port, self._controller_port = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Bring the broker up; returns when it answers a client's call.

        Raises:
            JavaMissing: no ``java`` or ``mvn`` on the path.
            KafkaDidNotStart: it ended, or did not answer in time.
        """
        self._libraries = self._libraries or library_folder(self._work_dir)
        self._work_dir.mkdir(parents=True, exist_ok=True)
        properties = self._work_dir / "server.properties"
        properties.write_text(self._properties(), encoding="utf-8")
        if not (self._work_dir / "data" / "meta.properties").exists():
            self._format(properties)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                self._java("kafka.Kafka", str(properties)),
                cwd=self._work_dir,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + self._start_timeout_s
        while not self._answers():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                reason = "ended" if ended else f"did not answer in {self._start_timeout_s:.0f} s"
                raise KafkaDidNotStart(f"Kafka {reason}:\n{self._log_tail()}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Shut the broker down in order; kills it when it takes too long."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def kill(self) -> None:
        """End the broker at once, as a power failure would."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # --- parts ----------------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self._work_dir / "kafka.log"

    def _log_tail(self) -> str:
        return _tail(self._log.read_text(errors="replace")) if self._log.exists() else ""

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        return [
            shutil.which("java") or "java",
            *("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
            *("-cp", f"{self._libraries}/*", main_class, *arguments),
        ]

    def _format(self, properties: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if cluster.startswith("-"):  # the tool would take it for an option
            cluster = "A" + cluster[1:]
        done = subprocess.run(  # noqa: S603 - our own arguments
            self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)),
            cwd=self._work_dir,
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise KafkaDidNotStart(
                f"storage was not formatted:\n{_tail(done.stdout + done.stderr)}"
            )

    def _properties(self) -> str:
        facts = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"CLIENT://127.0.0.1:{self._port},"
            f"CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self._port}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENT",
            "log.dirs": self._work_dir / "data",
            "auto.create.topics.enable": "false",
            "num.partitions": 4,
            "default.replication.factor": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 3,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }
        return "".join(f"{name}={value}\n" for name, value in facts.items())

    def _answers(self) -> bool:
        with socket.socket() as probe:  # aiokafka complains aloud about a closed port
            if probe.connect_ex(("127.0.0.1", self._port)) != 0:
                return False
        return asyncio.run(answers(KafkaOptions(self.bootstrap_servers, request_timeout_s=5)))


def _require_java() -> None:
    for program, what in (("java", "Java 17 or newer"), ("mvn", "Maven")):
        if shutil.which(program) is None:
            raise JavaMissing(f"{what} is not installed ({program} is not on the path)")
    version = subprocess.run(  # noqa: S603 - found on the path just now
        [shutil.which("java") or "java", "--version"], capture_output=True, text=True, check=False
    )
    words = version.stdout.split()
    major = words[1].split(".")[0] if len(words) > 1 else ""
    if not major.isdigit() or int(major) < 17:  # noqa: PLR2004 - what Kafka 4's broker asks for
        raise JavaMissing(f"Java 17 or newer is needed; this one is {major or 'unknown'}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _tail(words: str) -> str:
    return "\n".join(words.splitlines()[-_LOG_LINES:])
