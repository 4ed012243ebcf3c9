"""``python -m services.contracts {serve,relay,consume,worker,migrate,openapi}``."""

from services.contracts.module import MODULE
from shared.runtime.standalone import main

if __name__ == "__main__":
    main(MODULE)
