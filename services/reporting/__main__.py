"""``python -m services.reporting {serve,relay,consume,worker,migrate,openapi}``."""

from services.reporting.module import MODULE
from shared.runtime.standalone import main

if __name__ == "__main__":
    main(MODULE)
