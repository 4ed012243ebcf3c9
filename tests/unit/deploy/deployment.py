"""The compose form as read: its file, the files that it uses, and where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE = "docker-compose.yml"
DOCKERFILE = "deploy/docker/Dockerfile"
DOCKERIGNORE = ".dockerignore"
GITIGNORE = ".gitignore"
BROKER = "deploy/compose/kafka/server.properties"
BROKER_SETUP = "deploy/compose/kafka/setup.sh"
BROKER_HEALTH = "deploy/compose/kafka/health.sh"
TOPICS_FILE = "deploy/compose/kafka/topics.txt"
DATABASES = "deploy/compose/postgres/10-databases.sh"
NGINX = "deploy/compose/proxy/nginx.conf"
TEXTS = (
    DOCKERFILE, DOCKERIGNORE, GITIGNORE, BROKER, BROKER_SETUP, BROKER_HEALTH, TOPICS_FILE,
    DATABASES, NGINX,
)  # fmt: skip


@dataclass
class Deployment:
    """The compose file as read, and the texts of the files that it uses."""

    compose: dict[str, Any]
    texts: dict[str, str]

    @classmethod
    def read(cls) -> Deployment:
        loaded = yaml.safe_load((REPOSITORY / COMPOSE).read_text(encoding="utf-8"))
        # Through JSON: parts that the file shares by reference become separate.
        compose = json.loads(json.dumps(loaded))
        return cls(compose, {p: (REPOSITORY / p).read_text(encoding="utf-8") for p in TEXTS})

    def copy(self) -> Deployment:
        return deepcopy(self)

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        services: dict[str, dict[str, Any]] = self.compose["services"]
        return services

    def each(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self.services.items()

    def properties(self) -> dict[str, str]:
        lines = (line.strip() for line in self.texts[BROKER].splitlines())
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
