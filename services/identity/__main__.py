"""``python -m services.identity {serve,relay,consume,worker,migrate,openapi}``."""

from services.identity.module import MODULE
from shared.runtime.standalone import main

if __name__ == "__main__":
    main(MODULE)
