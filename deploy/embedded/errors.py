"""What can go wrong when the embedded PostgreSQL is started, each with its cure in the message."""

from pathlib import Path


class PostgresDidNotStart(RuntimeError):
    """The embedded server did not come up.

    The message says what failed, the cure where one is known, and the last lines of the
    server's log (which holds no statement, parameter or key value).
    """

    def __init__(self, reason: str, log_tail: str = "") -> None:
        self.reason = reason
        self.log_tail = log_tail
        super().__init__(
            f"{reason}\n--- last lines of its log ---\n{log_tail}" if log_tail else reason
        )


class DatabaseMissing(RuntimeError):
    """A command asks about a database, and the data folder holds none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no database in {folder}: set YIZHAN_DATA_DIR to the folder that `yizhan run` "
            "uses, set IDENTITY_DATABASE_URL and its kin for the cluster form, or start the product "
            "once (yizhan run)."
        )


class DataDirInUse(RuntimeError):
    """Another process holds the data folder; two servers on one cluster would destroy it."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.folder = folder
        who = f"process {holder}" if holder else "another process"
        super().__init__(
            f"The data folder {folder} is in use by {who}. "
            "Stop that one first (Ctrl-C in its terminal), or give this one another data folder."
        )
