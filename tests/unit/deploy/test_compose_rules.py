"""The cluster form keeps the house's rules: the files are read, every rule is asked.

Each rule is asked twice: about the files as they are, where it must find nothing, and about copies
in which one thing is broken, where it must find a fault. A rule that cannot fail shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.deploy import compose_rules as rules
from tests.unit.deploy import deployment as files
from tests.unit.deploy.deployment import Deployment

Rule = Callable[[Deployment], list[str]]
Change = Callable[[Deployment], object]


def value(service: str, key: str, new: object) -> Change:
    """Give a key of a container another value."""
    return lambda d: d.services[service].__setitem__(key, new)


def without(service: str, key: str) -> Change:
    """Take a key of a container away."""
    return lambda d: d.services[service].pop(key)


def variable(service: str, name: str, new: str) -> Change:
    """Set a variable of a container's environment."""
    return lambda d: d.services[service].setdefault("environment", {}).__setitem__(name, new)


def text(path: str, old: str, new: str) -> Change:
    """Replace a piece of a file that the compose file uses."""

    def change(d: Deployment) -> None:
        assert old in d.texts[path], f"{old!r} is not in {path}"
        d.texts[path] = d.texts[path].replace(old, new)

    return change


BREAKS: list[tuple[Rule, Change]] = [
    (rules.images_are_pinned, value("kafka", "image", "apache/kafka:latest")),
    (rules.images_are_pinned, value("postgres", "image", "postgres")),
    (rules.images_are_pinned, value("proxy", "image", "nginxinc/nginx-unprivileged:1-bookworm")),
    (rules.images_are_pinned, value("claims", "image", "yizhan-claims:${YIZHAN_VERSION}")),
    (rules.images_are_pinned, text(files.DOCKERFILE, "python:3.11.14-slim", "python:3.11-slim")),
    (rules.images_are_pinned, text(files.DOCKERFILE, "FROM ${PYTHON_IMAGE}\n", "FROM debian\n")),
    (rules.nobody_is_root, without("claims-worker", "user")),
    (rules.nobody_is_root, value("kafka", "user", "0:0")),
    (rules.nobody_is_root, value("grafana", "user", "root")),
    (rules.nobody_is_root, text(files.DOCKERFILE, "USER 10001:10001", "USER 0:0")),
    (rules.file_systems_are_read_only, value("reporting", "read_only", False)),
    (rules.file_systems_are_read_only, without("postgres", "read_only")),
    (rules.file_systems_are_read_only, value("proxy", "volumes", ["./deploy:/etc/nginx"])),
    (rules.capabilities_are_dropped, without("kafka-setup", "cap_drop")),
    (rules.capabilities_are_dropped, value("proxy", "cap_add", ["NET_BIND_SERVICE"])),
    (rules.capabilities_are_dropped, value("postgres", "privileged", True)),
    (rules.privileges_are_not_gained, without("migrate-claims", "security_opt")),
    (rules.limits_are_set, without("identity", "deploy")),
    (rules.limits_are_set, lambda d: _limits(d, "kafka").pop("pids")),
    (rules.limits_are_set, lambda d: _limits(d, "kafka").pop("memory")),
    (rules.limits_are_set, lambda d: _limits(d, "kafka").pop("cpus")),
    (rules.logs_are_rotated, without("grafana", "logging")),
    (rules.logs_are_rotated, lambda d: d.services["proxy"]["logging"]["options"].pop("max-size")),
    (rules.health_is_checked, without("prometheus", "healthcheck")),
    (rules.health_is_checked, value("proxy", "healthcheck", {"test": ["NONE"]})),
    (rules.health_is_checked, lambda d: d.services["identity"]["healthcheck"]["test"].pop()),
    (rules.health_is_checked, lambda d: _swap_health(d, "claims-worker", "claims")),
    (rules.health_is_checked, text(files.BROKER_HEALTH, "kafka-broker-api-versions.sh", "true")),
    (rules.one_shots_end_before_others_start, value("migrate-claims", "restart", "on-failure")),
    (rules.one_shots_end_before_others_start, value("claims", "restart", "no")),
    (rules.one_shots_end_before_others_start, lambda d: _waits(d, "claims", "migrate-claims")),
    (rules.one_shots_end_before_others_start, lambda d: _waits(d, "claims-worker", "kafka-setup")),
    (rules.one_shots_end_before_others_start, lambda d: _waits(d, "proxy", "identity")),
    (rules.one_shots_end_before_others_start, without("reporting-worker", "depends_on")),
    (rules.kafka_is_guarded, value("kafka", "volumes", ["./deploy/compose/kafka:/etc/yizhan:ro"])),
    (rules.kafka_is_guarded, value("kafka", "image", "apache/kafka:3.9.1")),
    (rules.kafka_is_guarded, value("postgres", "volumes", ["kafka-data:/var/lib/postgresql/data"])),
    (rules.kafka_is_guarded, text(files.BROKER, "auto.create.topics.enable=false", "")),
    (rules.kafka_is_guarded, text(files.BROKER, "authorizer.class.name=", "#")),
    (rules.kafka_is_guarded, text(files.BROKER, "no.acl.found=false", "no.acl.found=true")),
    (rules.kafka_is_guarded, text(files.BROKER, "CLIENT:SASL_PLAINTEXT,", "CLIENT:PLAINTEXT,")),
    (rules.kafka_is_guarded, text(files.BROKER, "/var/lib/kafka/data/log", "/tmp/log")),
    (rules.kafka_is_guarded, text(files.BROKER, "message.max.bytes=1048588", "message.max.bytes=9")),
    (rules.topics_and_rights_are_made, text(files.TOPICS_FILE, "yizhan.claims.encounter\n", "")),
    (rules.topics_and_rights_are_made, text(files.BROKER_SETUP, "identity claims", "claims")),
    (rules.topics_and_rights_are_made, text(files.BROKER_SETUP, '"yizhan.$service."', "yizhan.")),
    (rules.topics_and_rights_are_made, text(files.BROKER_SETUP, '--group "$service"', "--group x")),
    (rules.databases_are_apart, lambda d: _database(d, "claims", "identity@postgres/identity")),
    (rules.databases_are_apart, lambda d: _database(d, "claims-worker", "postgres@postgres/claims")),
    (rules.databases_are_apart, variable("claims", "IDENTITY_DATABASE_URL", "postgresql://x")),
    (rules.databases_are_apart, variable("claims", "KAFKA_SASL_USERNAME", "admin")),
    (rules.databases_are_apart, lambda d: _hand(d, "claims", {"source": "database_identity"})),
    (rules.databases_are_apart, text(files.DATABASES, "identity claims", "claims")),
    (rules.databases_are_apart, text(files.DATABASES, "NOSUPERUSER", "SUPERUSER")),
    (rules.databases_are_apart, text(files.DATABASES, 'REVOKE ALL ON DATABASE :"role"', "--")),
    (rules.secrets_are_files, variable("postgres", "POSTGRES_PASSWORD", "a word")),
    (rules.secrets_are_files, variable("claims", "YIZHAN_CLIENT_SECRET", "a word")),
    (rules.secrets_are_files, variable("claims", "ANY", "postgresql://claims:word@postgres/c")),
    (rules.secrets_are_files, variable("claims", "YIZHAN_KEYS_FILE", "/app/keys.json")),
    (rules.secrets_are_files, lambda d: d.compose["secrets"]["keys"].update(file="./keys.json")),
    (rules.secrets_are_files, lambda d: d.compose["secrets"].update(x={"environment": "X"})),
    (rules.secrets_are_files, lambda d: _hand(d, "claims", "token_key")),
    (rules.secrets_are_files, lambda d: _hand(d, "claims-worker", "kafka_jaas")),
    (rules.secrets_are_files, lambda d: _hand(d, "proxy", "unheard_of")),
    (rules.secrets_are_files, text(files.GITIGNORE, "deploy/compose/secrets/", "")),
    (rules.people_are_signed_in_by_identity, without("claims", "volumes")),
    (rules.people_are_signed_in_by_identity, variable("claims", "YIZHAN_USERS_FILE", "/x")),
    (rules.people_are_signed_in_by_identity, variable("identity", "YIZHAN_PROXIES", "")),
    (rules.people_are_signed_in_by_identity, value("identity", "networks", ["inner", "outer"])),
    (rules.people_are_signed_in_by_identity, value("proxy", "volumes", [f"{rules.PEOPLE}:/x:ro"])),
    (rules.file_systems_are_read_only, value("claims", "volumes", [f"{rules.PEOPLE}:/run/people"])),
    (rules.services_have_their_containers, lambda d: d.services.pop("contracts-worker")),
    (rules.services_have_their_containers, value("claims-worker", "command", ["sleep", "9"])),
    (rules.services_have_their_containers, value("claims", "image", "yizhan-identity:0.1.0")),
    (rules.services_have_their_containers, lambda d: d.services.update(sidecar={"image": "x"})),
    (rules.services_have_their_containers, without("claims", "build")),
    (rules.one_door_is_open, value("postgres", "ports", ["5432:5432"])),
    (rules.one_door_is_open, value("proxy", "ports", ["8080:8080"])),
    (rules.one_door_is_open, value("claims", "networks", ["inner", "outer"])),
    (rules.one_door_is_open, lambda d: d.compose["networks"].update(inner={})),
    (rules.one_door_is_open, text(files.NGINX, "listen 8080;", "listen 80;")),
    (rules.monitoring_is_a_profile, without("grafana", "profiles")),
    (rules.monitoring_is_a_profile, value("claims", "profiles", ["monitoring"])),
    (rules.mounted_files_are_there, value("proxy", "volumes", ["./deploy/nowhere.conf:/x:ro"])),
    (rules.images_hold_one_service, text(files.DOCKERFILE, "services/${SERVICE}/ ", "services/ ")),
    (rules.images_hold_one_service, text(files.DOCKERFILE, "COPY shared/", "COPY . /app\nCOPY shared/")),
    (rules.images_hold_one_service, text(files.DOCKERFILE, "walk_packages(service", "list(service")),
    (rules.images_hold_one_service, text(files.DOCKERFILE, "--require-hashes", "")),
    (rules.images_hold_one_service, text(files.DOCKERIGNORE, "*\n", "")),
    (rules.images_hold_one_service, text(files.DOCKERIGNORE, "!shared", "!shared\n!deploy/compose")),
    (rules.the_proxy_is_careful, text(files.NGINX, "proxy_buffering off;", "")),
    (
        rules.the_proxy_is_careful,
        text(files.NGINX, "proxy_pass_header X-Accel-Buffering;", ""),
    ),
    (rules.the_proxy_is_careful, text(files.NGINX, "/metrics/?$", "/nothing$")),
    (rules.the_proxy_is_careful, text(files.NGINX, "http://claims:8000", "http://identity:8000")),
    (rules.the_proxy_is_careful, text(files.NGINX, "location /oauth/     {", "location /o/ {")),
    (rules.the_proxy_is_careful, text(files.NGINX, "location = /signin ", "location = /x ")),
    (rules.the_proxy_is_careful, text(files.NGINX, "$remote_addr;", "$http_x_forwarded_for;")),
    (rules.the_proxy_is_careful, text(files.NGINX, "$request_method $uri", "$request")),
    (rules.the_proxy_is_careful, text(files.NGINX, "error_log /dev/stderr crit;", "")),
    (rules.the_proxy_is_careful, text(files.NGINX, "/.own/too_large.html {", "/.own/x.html {")),
    (rules.the_proxy_is_careful, text(files.NGINX, "default_type text/html;", "")),
]  # fmt: skip
RULES = list(dict.fromkeys(rule for rule, _ in BREAKS))


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment.read()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule, deployment: Deployment) -> None:
    """Goal: the cluster form is as safe as promised. Method: ask the rule about the files."""
    assert rule(deployment) == []


@pytest.mark.parametrize(
    ("rule", "change"), BREAKS, ids=[f"{n}-{rule.__name__}" for n, (rule, _) in enumerate(BREAKS)]
)
def test_rule_notices(rule: Rule, change: Change, deployment: Deployment) -> None:
    """Goal: each rule can fail. Method: break one thing in a copy; the rule must name a fault."""
    broken = deployment.copy()
    change(broken)
    assert rule(broken) != []


def test_every_rule_is_asked() -> None:
    """Goal: no rule is written and forgotten. Method: compare the module with the table."""
    written = {
        name
        for name, found in vars(rules).items()
        if callable(found) and getattr(found, "__annotations__", {}).get("d") == "Deployment"
        if not name.startswith("_")
    }
    assert written == {rule.__name__ for rule in RULES}


def _limits(d: Deployment, service: str) -> dict[str, object]:
    found: dict[str, object] = d.services[service]["deploy"]["resources"]["limits"]
    return found


def _swap_health(d: Deployment, service: str, other: str) -> None:
    d.services[service]["healthcheck"] = d.services[other]["healthcheck"]


def _waits(d: Deployment, service: str, other: str) -> None:
    d.services[service]["depends_on"][other] = {"condition": "service_started"}


def _database(d: Deployment, service: str, rest: str) -> None:
    d.services[service]["environment"]["CLAIMS_DATABASE_URL"] = f"postgresql+asyncpg://{rest}"


def _hand(d: Deployment, service: str, secret: object) -> None:
    d.services[service].setdefault("secrets", []).append(secret)
