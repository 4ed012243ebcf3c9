from shared.db.alembic_env import run
from tests.integration.http.probe import METADATA

run(METADATA)
