"""``python -m services.claims {serve,relay,consume,worker,migrate,openapi}``."""

from services.claims.module import MODULE
from shared.runtime.standalone import main

if __name__ == "__main__":
    main(MODULE)
