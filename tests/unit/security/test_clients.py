import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.security.clients import (
    ClientsFile,
    ClientsFileMalformed,
    ClientThere,
    ClientUnknown,
    generate_clients,
)
from shared.security.files import SecretFileTooOpen
from shared.security.scopes import DEFAULT_CLIENTS


@pytest.fixture
def clients(tmp_path: Path) -> ClientsFile:
    return ClientsFile.ensure(tmp_path / "clients.json", "511113")[0]


class TestEnsure:
    def test_makes_the_default_clients_once(self, tmp_path: Path):
        """Goal: first start makes them, the second start keeps them."""
        path = tmp_path / "clients.json"
        clients, made = ClientsFile.ensure(path, "511113")
        before = path.read_bytes()
        again, made_again = ClientsFile.ensure(path, "511113")

        assert made == list(DEFAULT_CLIENTS)
        assert made_again == []
        assert path.read_bytes() == before
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert again.all().keys() == clients.all().keys() == DEFAULT_CLIENTS.keys()

    def test_writes_the_documented_form(self, clients: ClientsFile):
        """Goal: another program can read {client_id: {secret, scopes, organisation}}."""
        entry = json.loads(clients.path.read_text())["hospital"]
        assert set(entry) == {"secret", "scopes", "organisation"}
        assert entry["organisation"] == "region:511113"
        assert set(entry["scopes"]) == set(DEFAULT_CLIENTS["hospital"])
        assert len(entry["secret"]) >= 43

    def test_takes_further_clients(self, tmp_path: Path):
        """Goal: a host adds its own client with a secret that it knows."""
        path = tmp_path / "clients.json"
        extra = {"reporting": {"secret": "known", "scopes": ["events:read"]}}
        assert "reporting" in generate_clients(path, region_code="511113", extra=extra)
        found = ClientsFile(path).authenticate("reporting", "known")
        assert found is not None
        assert (found.organisation, found.scopes) == ("region:511113", {"events:read"})
        with pytest.raises(ClientsFileMalformed):
            generate_clients(tmp_path / "b", region_code="1", extra={"x": {"scopes": ["no:such"]}})
        assert not (tmp_path / "b").exists()


class TestAuthenticate:
    def test_needs_the_right_secret(self, clients: ClientsFile):
        """Goal: the right one, no other, none for a stranger."""
        secret = clients.secret_of("hospital") or ""
        assert clients.authenticate("hospital", secret) == clients.get("hospital")
        for client_id, given in (
            ("hospital", secret + "x"),
            ("hospital", ""),
            ("insurer", secret),
            ("stranger", secret),
            ("hospital", "\ud800"),
        ):
            assert clients.authenticate(client_id, given) is None

    def test_works_with_a_stored_hash(self, clients: ClientsFile):
        """Goal: in production the file need not hold the secret."""
        document = json.loads(clients.path.read_text())
        document["hospital"]["secret_sha256"] = hashlib.sha256(b"open").hexdigest()
        del document["hospital"]["secret"]
        clients.path.write_text(json.dumps(document))

        assert clients.authenticate("hospital", "open") is not None
        assert clients.authenticate("hospital", "shut") is None
        assert clients.secret_of("hospital") is None

    def test_never_by_secret_when_it_has_keys_alone(self, clients: ClientsFile):
        """Goal: a client without a secret has not the empty one."""
        assert (
            clients.add("his", scopes=[], organisation="region:511113", jwks={"keys": []}) is None
        )
        assert clients.authenticate("his", "") is None


class TestChanges:
    def test_add_is_seen_at_once_by_others(self, clients: ClientsFile):
        """Goal: no restart for a new client. Method: a second reader of the same file."""
        other = ClientsFile(clients.path)
        assert other.get("his-2") is None
        secret = clients.add("his-2", scopes=["claims:quote"], organisation="facility:H51111300101")
        found = other.authenticate("his-2", secret or "")
        assert found is not None
        assert found.organisation == "facility:H51111300101"

    def test_rotate_refuses_the_old_secret(self, clients: ClientsFile):
        """Goal: after a leak, the old secret is dead at once."""
        old = clients.secret_of("hospital") or ""
        new = clients.rotate("hospital")
        assert clients.authenticate("hospital", old) is None
        assert clients.authenticate("hospital", new) is not None

    def test_remove(self, clients: ClientsFile):
        """Goal: gone is gone."""
        clients.remove("insurer")
        assert clients.get("insurer") is None

    def test_refuse_what_is_not_there_or_there_already(self, clients: ClientsFile):
        """Goal: a typing error changes nothing."""
        before = clients.path.read_bytes()
        with pytest.raises(ClientThere):
            clients.add("hospital", scopes=[], organisation="region:511113")
        for act in (clients.remove, clients.rotate, clients.secret_of):
            with pytest.raises(ClientUnknown):
                act("nobody")
        with pytest.raises(ClientsFileMalformed, match="unknown scopes"):
            clients.add("x", scopes=["no:scope"], organisation="region:511113")
        with pytest.raises(ClientsFileMalformed, match="organisation"):
            clients.add("x", scopes=[], organisation="hospital 1")
        with pytest.raises(ClientsFileMalformed, match="client id"):
            clients.add("X y", scopes=[], organisation="region:511113")
        assert clients.path.read_bytes() == before

    def test_at_once_lose_nothing(self, clients: ClientsFile):
        """Goal: two operators do not overwrite each other. Method: eight at the same moment."""
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda number: ClientsFile(clients.path).add(
                        f"c-{number}", scopes=[], organisation="region:511113"
                    ),
                    range(8),
                )
            )
        assert {f"c-{number}" for number in range(8)} <= clients.all().keys()
        assert stat.S_IMODE(clients.path.stat().st_mode) == 0o600


class TestFile:
    def test_open_to_others_is_refused(self, clients: ClientsFile):
        """Goal: a readable clients file stops every login, with the cure."""
        clients.path.chmod(0o644)
        os.utime(clients.path)
        with pytest.raises(SecretFileTooOpen, match="chmod 600"):
            clients.all()

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            '{"a": 1}',
            '{"a": {"scopes": [], "organisation": "region:1"}}',
            '{"a": {"secret": "s", "scopes": "x", "organisation": "region:1"}}',
        ],
    )
    def test_of_another_shape_is_refused(self, clients: ClientsFile, content: str):
        """Goal: a broken file is named, not taken for an empty one."""
        clients.path.write_text(content)
        with pytest.raises(ClientsFileMalformed):
            clients.all()
