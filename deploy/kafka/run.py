"""``python -m deploy.kafka.run -- <command>``: run a command beside a real Apache Kafka.

The command finds its address in ``YIZHAN_TEST_KAFKA``. Ends as the command ends; with 69
(EX_UNAVAILABLE) when Java or Maven is missing, so that a caller can skip what needs Kafka.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.kafka.server import (
    TARGET,
    JavaMissing,
    KafkaDidNotStart,
    RealKafka,
    library_folder,
)

VARIABLE = "YIZHAN_TEST_KAFKA"


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.stderr.write("usage: python -m deploy.kafka.run -- <command>\n")
        return os.EX_USAGE
    try:
        libraries = library_folder(TARGET)
        with (
            tempfile.TemporaryDirectory(prefix="yizhan-kafka-") as folder,
            RealKafka(Path(folder), libraries=libraries) as kafka,
        ):
            sys.stderr.write(f"Apache Kafka answers on {kafka.bootstrap_servers}\n")
            environment = os.environ | {VARIABLE: kafka.bootstrap_servers}
            done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - the caller's
            return done.returncode
    except JavaMissing as missing:
        sys.stderr.write(f"no real Kafka here: {missing}\n")
        return os.EX_UNAVAILABLE
    except KafkaDidNotStart as failure:
        sys.stderr.write(f"{failure}\n")
        return os.EX_SOFTWARE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
