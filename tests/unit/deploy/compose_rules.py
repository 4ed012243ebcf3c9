"""The rules of the compose form, as functions that name every fault of a deployment.

A rule gives a list of sentences; an empty list means that it holds. They are kept apart from the
tests so that each can also be asked about a copy that breaks it.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from shared.events.catalog import TOPICS
from shared.messaging.bus import MAX_RECORD_BYTES
from shared.runtime.settings import SERVICES
from tests.unit.deploy.deployment import (
    BROKER_HEALTH,
    BROKER_SETUP,
    DATABASES,
    DOCKERFILE,
    DOCKERIGNORE,
    GITIGNORE,
    NGINX,
    REPOSITORY,
    TOPICS_FILE,
    Deployment,
)

PEOPLE = "./deploy/compose/secrets/people"
ONE_SHOTS = {"kafka-setup", *(f"migrate-{name}" for name in SERVICES)}
MONITORING = {"prometheus", "grafana"}
Faults = list[str]
_FORMS = {"json": r"(?:add_header [^;]+;\s+)?return \d+ '\{", "html": "default_type text/html;"}


_PINNED = re.compile(r"[\w./-]+:(v?\d+(\.\d+)+(-[\w.]+)?|\$\{YIZHAN_VERSION:-\d+\.\d+\.\d+\})")
_ACCOUNT = re.compile(r"(\$\{YIZHAN_UID:-[1-9]\d*\}|[1-9]\d*):(\$\{YIZHAN_GID:-\d+\}|\d+)")


def images_are_pinned(d: Deployment) -> Faults:
    faults = [f"{n}: {s['image']}" for n, s in d.each() if not _PINNED.fullmatch(s["image"])]
    base = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", d.texts[DOCKERFILE], re.MULTILINE)
    if base is None or not re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base[1]):
        faults.append("the Dockerfile's Python is not pinned to a patch release")
    froms = re.findall(r"^FROM (\S+)", d.texts[DOCKERFILE], re.MULTILINE)
    return faults + [f"FROM {f}" for f in froms if f != "${PYTHON_IMAGE}"]


def nobody_is_root(d: Deployment) -> Faults:
    faults = [n for n, s in d.each() if not _ACCOUNT.fullmatch(str(s.get("user", "")))]
    users = re.findall(r"^USER (\S+)$", d.texts[DOCKERFILE], re.MULTILINE)
    last = d.texts[DOCKERFILE].rfind("\nRUN ") < d.texts[DOCKERFILE].rfind("\nUSER ")
    if not users or not last or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        faults.append("the image's last account is root")
    return faults


def file_systems_are_read_only(d: Deployment) -> Faults:
    faults = [n for n, s in d.each() if s.get("read_only") is not True]
    for name, service in d.each():
        mounts = [m for m in service.get("volumes", []) if m.startswith("./")]
        if name == "identity":
            mounts = [m for m in mounts if m != f"{PEOPLE}:/run/people"]
        faults += [f"{name}: {m} may be written" for m in mounts if not m.endswith(":ro")]
    return faults


def capabilities_are_dropped(d: Deployment) -> Faults:
    return [
        n
        for n, s in d.each()
        if s.get("cap_drop") != ["ALL"] or s.get("cap_add") or s.get("privileged")
    ]


def privileges_are_not_gained(d: Deployment) -> Faults:
    return [n for n, s in d.each() if s.get("security_opt") != ["no-new-privileges:true"]]


def limits_are_set(d: Deployment) -> Faults:
    faults = []
    for name, service in d.each():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if not 0 < float(limits.get("cpus", 0)) <= 2:
            faults.append(f"{name}: cpus")
        if not re.fullmatch(r"[1-9]\d*[MG]", str(limits.get("memory", ""))):
            faults.append(f"{name}: memory")
        if not 0 < int(limits.get("pids", 0)) <= 1024:
            faults.append(f"{name}: pids")
    return faults


def logs_are_rotated(d: Deployment) -> Faults:
    faults = []
    for name, service in d.each():
        logging = service.get("logging", {})
        options = logging.get("options", {})
        bounded = re.fullmatch(r"\d+m", options.get("max-size", ""))
        if logging.get("driver") != "json-file" or not bounded or not options.get("max-file"):
            faults.append(name)
    return faults


def health_is_checked(d: Deployment) -> Faults:
    faults = []
    for name, service in d.each():
        if name in ONE_SHOTS:
            continue
        check = service.get("healthcheck", {})
        test = check.get("test", [])
        if test[:1] != ["CMD"] or len(test) < 3 or check.get("disable"):
            faults.append(f"{name}: no real check")
        if not {"interval", "timeout", "retries"} <= check.keys():
            faults.append(f"{name}: no interval, timeout or retries")
    probe = ["CMD", "python", "-m", "shared.runtime.probe"]
    for name in SERVICES:
        if d.services[name].get("healthcheck", {}).get("test") != [*probe, "serve", name]:
            faults.append(f"{name}: does not ask its own readiness")
        worker = d.services[f"{name}-worker"].get("healthcheck", {})
        if worker.get("test") != [*probe, "worker"]:
            faults.append(f"{name}-worker: does not ask its own progress")
    if not re.search(
        r"kafka-broker-api-versions\.sh .*--command-config", _joined(d, BROKER_HEALTH)
    ):
        faults.append("kafka: the check is not a signed-in call to the broker")
    return faults


def one_shots_end_before_others_start(d: Deployment) -> Faults:
    faults = []
    for name, service in d.each():
        if (str(service.get("restart")) == "no") != (name in ONE_SHOTS):
            faults.append(f"{name}: restart {service.get('restart')}")
        for other, how in service.get("depends_on", {}).items():
            wanted = "completed_successfully" if other in ONE_SHOTS else "healthy"
            if how.get("condition") != f"service_{wanted}":
                faults.append(f"{name} waits for {other} with {how}")
    for name in SERVICES:
        needs = {name: {f"migrate-{name}"}, f"{name}-worker": {f"migrate-{name}", "kafka-setup"}}
        for who, wanted_ones in needs.items():
            missing = wanted_ones - d.services[who].get("depends_on", {}).keys()
            faults += [f"{who} does not wait for {each}" for each in missing]
    return faults


def kafka_is_guarded(d: Deployment) -> Faults:
    kafka, properties = d.services["kafka"], d.properties()
    faults = []
    holders = [n for n, s in d.each() if any("kafka-data:" in v for v in s.get("volumes", []))]
    if holders != ["kafka"] or "kafka-data" not in d.compose["volumes"]:
        faults.append("no volume of its own")
    if f"kafka-data:{Path(properties['log.dirs']).parent}" not in kafka.get("volumes", []):
        faults.append("the log does not lie in the volume")
    wanted = {
        "process.roles": "broker,controller",
        "auto.create.topics.enable": "false",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:admin",
    }
    faults += [f"{k} is {properties.get(k)}" for k, v in wanted.items() if properties.get(k) != v]
    if "PLAINTEXT" in re.findall(r":(\w+)", properties["listener.security.protocol.map"]):
        faults.append("a listener takes clients that have not signed in")
    if int(properties["message.max.bytes"]) <= MAX_RECORD_BYTES:
        faults.append("a permitted event does not fit")
    if not re.fullmatch(r"apache/kafka:[4-9]\.\d+\.\d+", kafka["image"]):
        faults.append(f"image {kafka['image']}")
    return faults


def topics_and_rights_are_made(d: Deployment) -> Faults:
    faults = []
    if d.texts[TOPICS_FILE].split() != list(TOPICS):
        faults.append("topics.txt is not the catalog's list")
    script = _joined(d, BROKER_SETUP)
    loop = re.search(r"^ *for service in (.+); do$", script, re.MULTILINE)
    if loop is None or loop[1].split() != list(SERVICES):
        faults.append("rights are not given to exactly the services")
    everyone = " ".join(f"--allow-principal User:{name}" for name in SERVICES)
    one = '--allow-principal "User:$service"'
    rights = (
        f"{everyone} --operation Read --operation Describe --topic yizhan. --resource",
        f'{one} --operation Write --operation Describe --topic "yizhan.$service." --resource',
        f'{one} --operation Read --operation Describe --group "$service"',
    )
    faults += [f"missing: {right}" for right in rights if right not in script]
    if len(re.findall(r"^ *allow ", script, re.MULTILINE)) != 3:
        faults.append("more rights than these three")
    return faults


def databases_are_apart(d: Deployment) -> Faults:
    faults = []
    for name, service in d.each():
        owner = _owner(name)
        used = {each["source"] for each in service.get("secrets", []) if isinstance(each, dict)}
        if owner is None:
            continue
        urls = {k: v for k, v in service["environment"].items() if k.endswith("_DATABASE_URL")}
        url = {f"{owner.upper()}_DATABASE_URL": f"postgresql+asyncpg://{owner}@postgres/{owner}"}
        if urls != url:
            faults.append(f"{name}: {urls}")
        if used != {f"database_{owner}", f"kafka_{owner}"}:
            faults.append(f"{name} holds {sorted(used)}")
        if service["environment"].get("KAFKA_SASL_USERNAME") != owner:
            faults.append(f"{name} signs in to Kafka as another")
    script = d.texts[DATABASES]
    loop = re.search(r"^for SERVICE in (.+); do$", script, re.MULTILINE)
    if loop is None or loop[1].split() != list(SERVICES):
        faults.append("databases are not made for exactly the services")
    statements = (
        'CREATE ROLE :"role" LOGIN',
        "NOSUPERUSER",
        'CREATE DATABASE :"role" OWNER :"role"',
        'REVOKE ALL ON DATABASE :"role" FROM PUBLIC',
    )
    return faults + [f"missing: {wanted}" for wanted in statements if wanted not in script]


_NAMES_A_SECRET = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL|(^|_)KEYS?(_|$)", re.IGNORECASE)
_HOLDS_A_SECRET = re.compile(r"://[^/@]*:[^/@]*@")


def secrets_are_files(d: Deployment) -> Faults:
    faults = []
    declared = d.compose["secrets"]
    for name, secret in declared.items():
        if set(secret) != {"file"} or not secret["file"].startswith("./deploy/compose/secrets/"):
            faults.append(f"secret {name} is not a file of the secrets folder")
    for name, service in d.each():
        for variable, value in service.get("environment", {}).items():
            in_file = variable.endswith("_FILE") and str(value).startswith("/run/secrets/")
            if _HOLDS_A_SECRET.search(str(value)):
                faults.append(f"{name}: {variable} holds a password")
            if _NAMES_A_SECRET.search(variable) and not in_file:
                faults.append(f"{name}: {variable} is not a file")
        used = {s["source"] if isinstance(s, dict) else s for s in service.get("secrets", [])}
        faults += [f"{name}: unknown secret {each}" for each in used - declared.keys()]
        if used & {"token_key", "clients"} and _owner(name) != "identity":
            faults.append(f"{name} could make tokens")
        if used & {"database_admin", "kafka_jaas"} and name not in ("postgres", "kafka"):
            faults.append(f"{name} holds an administrator's secret")
    if "deploy/compose/secrets/" not in d.texts[GITIGNORE].split():
        faults.append("the secrets folder may be committed")
    return faults


def people_are_signed_in_by_identity(d: Deployment) -> Faults:
    faults = []
    for name in SERVICES:
        mode = "" if name == "identity" else ":ro"
        if f"{PEOPLE}:/run/people{mode}" not in d.services[name].get("volumes", []):
            faults.append(f"{name}: people are not mounted as they should be")
        if d.services[name]["environment"].get("YIZHAN_USERS_FILE") != "/run/people/users.json":
            faults.append(f"{name} does not know who may sign in")
        if d.services[name]["environment"].get("YIZHAN_PROXIES") != "*":
            faults.append(f"{name} takes every caller for the proxy")
        if d.services[name]["networks"] != ["inner"] or d.services[name].get("ports"):
            faults.append(f"{name} believes the proxy's headers and may be reached without it")
    others = [
        n for n, s in d.each() if n not in SERVICES for v in s.get("volumes", []) if PEOPLE in v
    ]
    return faults + [f"{name} sees who may sign in" for name in others]


def services_have_their_containers(d: Deployment) -> Faults:
    faults = []
    for name in SERVICES:
        for container, command in (
            (name, "serve"), (f"{name}-worker", "worker"), (f"migrate-{name}", "migrate"),
        ):  # fmt: skip
            service = d.services.get(container, {})
            if service.get("command") != ["python", "-m", f"services.{name}", command]:
                faults.append(f"{container}: {service.get('command')}")
            if not service.get("image", "").startswith(f"yizhan-{name}:"):
                faults.append(f"{container}: {service.get('image')}")
        build = {"context": ".", "dockerfile": DOCKERFILE, "args": {"SERVICE": name}}
        if d.services[name].get("build") != build:
            faults.append(f"{name}: {d.services[name].get('build')}")
    wanted = {*SERVICES, *(f"{n}-worker" for n in SERVICES), *ONE_SHOTS, *MONITORING,
              "postgres", "kafka", "proxy"}  # fmt: skip
    return faults + sorted(wanted ^ d.services.keys())


def one_door_is_open(d: Deployment) -> Faults:
    doors = {n: s["ports"] for n, s in d.each() if s.get("ports")}
    local = "${YIZHAN_BIND:-127.0.0.1}"
    wanted = {"proxy": [f"{local}:8080:8080"], "grafana": [f"{local}:3000:3000"]}
    faults = [] if doors == wanted else [f"open ports: {doors}"]
    if d.compose["networks"].get("inner") != {"internal": True}:
        faults.append("the inner network reaches outside")
    faults += [n for n, s in d.each() if "outer" in s["networks"] and n not in wanted]
    if not re.search(r"^\s*listen 8080;$", d.texts[NGINX], re.MULTILINE):
        faults.append("the proxy does not listen on 8080")
    return faults


def monitoring_is_a_profile(d: Deployment) -> Faults:
    with_profile = {n: s["profiles"] for n, s in d.each() if s.get("profiles")}
    wanted = {name: ["monitoring"] for name in MONITORING}
    return [] if with_profile == wanted else [f"profiles: {with_profile}"]


def mounted_files_are_there(d: Deployment) -> Faults:
    mounts = [v for _, s in d.each() for v in s.get("volumes", []) if v.startswith("./")]
    mounts = [m for m in mounts if not m.startswith(f"{PEOPLE}:")]  # made with the secrets
    faults = [m for m in mounts if not (REPOSITORY / m.split(":")[0]).exists()]
    return faults if mounts else ["nothing is mounted"]


def images_hold_one_service(d: Deployment) -> Faults:
    copies = re.findall(r"^COPY (?!--from=libraries)(.+)$", d.texts[DOCKERFILE], re.MULTILINE)
    wanted = {
        "deploy/requirements/service.txt", "deploy/packs/", "shared/", "services/__init__.py",
        "services/${SERVICE}/", "deploy/__init__.py", "deploy/embedded/", "deploy/cli/",
    }  # fmt: skip
    faults = [c for c in copies if set(c.split()[:-1]) - wanted]
    faults += sorted(wanted - {c.split()[0] for c in copies})
    if "walk_packages(service.__path__" not in d.texts[DOCKERFILE]:
        faults.append("a stray import would not fail at build")
    if "--require-hashes" not in d.texts[DOCKERFILE]:
        faults.append("libraries are not checked against their hashes")
    allowed = {line for line in d.texts[DOCKERIGNORE].splitlines() if line.startswith("!")}
    if d.texts[DOCKERIGNORE].splitlines()[0] != "*" or allowed != {
        "!deploy/requirements/service.txt", "!deploy/packs", "!shared", "!services",
        "!deploy/__init__.py", "!deploy/embedded", "!deploy/cli",
    }:  # fmt: skip
        faults.append(".dockerignore lets more into the build than the image needs")
    return faults


def the_proxy_is_careful(d: Deployment) -> Faults:
    text, faults = d.texts[NGINX], []
    live = re.search(r"location = /reporting/v1/live \{(.+?)\n    \}", text, re.DOTALL)
    if live is None or "proxy_buffering off;" not in live[1]:
        faults.append("server-sent events are held back")
    if live is None or "proxy_pass_header X-Accel-Buffering;" not in live[1]:
        faults.append("a second nginx would hold server-sent events back")
    metrics = re.search(r"location ~ (\S+) \{\s+return 404;", text)
    for name in SERVICES:
        if metrics is None or not re.search(metrics[1], f"/{name}/metrics"):
            faults.append(f"/{name}/metrics is public")
        path = "/" if name == "reporting" else f"/{name}/"
        if not re.search(rf"location {path} +\{{ set \$to http://{name}:8000;", text):
            faults.append(f"{path} does not lead to {name}")
    if not re.search(r"location /oauth/ +\{ set \$to http://identity:8000;", text):
        faults.append("tokens are not asked of identity")
    faults += [
        f"{path} does not lead to where people sign in"
        for path in ("/signin", "/signout", "/account")
        if not re.search(rf"location = {path} +\{{ set \$to http://identity:8000;", text)
    ]
    faults += [
        f"a {kind} answer of the proxy's own is missing: {name}"
        for name, kind in itertools.product(("not_found", "too_large", "unavailable"), _FORMS)
        if not re.search(rf"/\.own/{name}\.{kind} {{\s+internal;\s+{_FORMS[kind]}", text)
    ]
    if "proxy_set_header X-Forwarded-For $remote_addr;" not in text:
        faults.append("a caller could write his own address")
    logged = re.search(r"log_format plain (.+);", text)
    if logged is None or re.search(r"\$(request|request_uri|args|query_string)\b", logged[1]):
        faults.append("queries are logged")
    if "error_log /dev/stderr crit;" not in text:
        faults.append("the error log would show addresses as called")
    return faults


def _owner(container: str) -> str | None:
    name = container.removesuffix("-worker").removeprefix("migrate-")
    return name if name in SERVICES else None


def _joined(d: Deployment, path: str) -> str:
    """A script with its continued lines put together."""
    return re.sub(r" *\\\n\s*", " ", d.texts[path])
