import base64
import hmac
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.crypto import (
    CiphertextMalformed,
    KeysFileMalformed,
    KeyUnknown,
    Vault,
    add_key,
)
from shared.security.files import SecretFileThere, SecretFileTooOpen

KEY_A, KEY_B, INDEX = bytes(32), bytes([1]) * 32, bytes([2]) * 32
VAULT = Vault(active="0000000a", keys={"0000000a": KEY_A}, index_key=INDEX)


class TestValues:
    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
    def test_come_back_as_they_were(self, text: str):
        """Goal: any text survives. Method: property over Unicode without lone surrogates."""
        assert VAULT.decrypt(VAULT.encrypt(text, column="t.c"), column="t.c") == text

    def test_differ_each_time_and_show_nothing(self):
        """Goal: equal texts cannot be seen to be equal."""
        first, second = (VAULT.encrypt("张小三", column="t.c") for _ in range(2))
        assert first != second
        assert "张小三".encode() not in first

    def test_carry_version_and_key_id(self):
        """Goal: the documented layout: version, key id, 12 bytes nonce, text, 16 bytes tag."""
        blob = VAULT.encrypt("ab", column="t.c")
        assert blob[:5] == b"\x01\x00\x00\x00\x0a"
        assert len(blob) == 5 + 12 + 2 + 16

    def test_do_not_open_in_another_column(self):
        """Goal: copying a ciphertext from column to column is noticed."""
        with pytest.raises(CiphertextMalformed, match=r"t\.phone"):
            VAULT.decrypt(VAULT.encrypt("x", column="t.name"), column="t.phone")

    @pytest.mark.parametrize("position", [0, 5, 17, -1])
    def test_do_not_open_when_changed(self, position: int):
        """Goal: a flipped bit anywhere but in the key id is noticed as tampering."""
        blob = bytearray(VAULT.encrypt("x", column="t.c"))
        blob[position] ^= 1
        with pytest.raises(CiphertextMalformed):
            VAULT.decrypt(bytes(blob), column="t.c")

    @pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" * 32])
    def test_too_short_are_refused(self, blob: bytes):
        """Goal: garbage is named garbage."""
        with pytest.raises(CiphertextMalformed):
            VAULT.decrypt(blob, column="t.c")

    def test_of_an_old_key_open_after_rotation(self):
        """Goal: a new active key needs no rewriting of old rows."""
        old = VAULT.encrypt("x", column="t.c")
        rotated = Vault(
            active="0000000b", keys={"0000000a": KEY_A, "0000000b": KEY_B}, index_key=INDEX
        )
        assert rotated.decrypt(old, column="t.c") == "x"
        assert rotated.encrypt("x", column="t.c")[1:5] == b"\x00\x00\x00\x0b"

    def test_of_an_unknown_key_say_which(self):
        """Goal: the operator learns which key he must restore."""
        other = Vault(active="0000000b", keys={"0000000b": KEY_B}, index_key=INDEX)
        with pytest.raises(KeyUnknown, match="0000000a"):
            other.decrypt(VAULT.encrypt("x", column="t.c"), column="t.c")


class TestBlindIndex:
    def test_is_stable_and_keyed(self):
        """Goal: the same text is found again, with our key only."""
        other = Vault(active="0000000a", keys={"0000000a": KEY_A}, index_key=bytes(32))
        index = VAULT.blind_index("511301", purpose="id_number")
        assert index == VAULT.blind_index("511301", purpose="id_number")
        assert index != other.blind_index("511301", purpose="id_number")
        assert len(index) == 32

    def test_is_the_standard_hmac(self):
        """Goal: registers that are there go on being found. Method: the standard library's HMAC
        with the purpose's key, over texts shorter and longer than a block."""
        key = hmac.digest(INDEX, b"yizhan/index/phone", "sha256")
        for text in ("", "138", "村" * 50):
            expected = hmac.digest(key, text.encode(), "sha256")
            assert VAULT.blind_index(text, purpose="phone") == expected

    def test_separates_purposes(self):
        """Goal: equal phone and card number cannot be seen to be equal."""
        assert VAULT.blind_index("1", purpose="a") != VAULT.blind_index("1", purpose="b")
        assert VAULT.blind_index("bc", purpose="a") != VAULT.blind_index("c", purpose="ab")


class TestKeysFile:
    def test_is_made_private_and_opens(self, tmp_path: Path):
        """Goal: mode 0600 whatever the umask."""
        old = os.umask(0)
        try:
            vault = Vault.generate(tmp_path / "keys.json")
        finally:
            os.umask(old)
        assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
        blob = vault.encrypt("x", column="t.c")
        assert Vault.from_file(tmp_path / "keys.json").decrypt(blob, column="t.c") == "x"
        assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]

    def test_is_never_overwritten(self, tmp_path: Path):
        """Goal: the keys of existing data cannot be lost by a second start."""
        Vault.generate(tmp_path / "keys.json")
        before = (tmp_path / "keys.json").read_bytes()
        with pytest.raises(SecretFileThere, match="exists"):
            Vault.generate(tmp_path / "keys.json")
        assert (tmp_path / "keys.json").read_bytes() == before

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_open_to_others_is_refused_with_the_cure(self, tmp_path: Path, mode: int):
        """Goal: a careless copy is noticed."""
        path = tmp_path / "keys.json"
        Vault.generate(path)
        path.chmod(mode)
        with pytest.raises(SecretFileTooOpen, match="chmod 600"):
            Vault.from_file(path)

    @pytest.mark.parametrize(
        "change",
        [
            {"active": "ffffffff"},
            {"keys": {"zz": base64.b64encode(KEY_A).decode()}, "active": "zz"},
            {"keys": {"0000000a": "c2hvcnQ="}, "active": "0000000a"},
            {"keys": {"0000000a": "***"}, "active": "0000000a"},
            {"index_key": "c2hvcnQ="},
            {"keys": []},
            {"keys": None},
        ],
    )
    def test_of_another_shape_is_refused(self, tmp_path: Path, change: dict):
        """Goal: a broken keys file stops the start, before any data is written with it."""
        path = tmp_path / "keys.json"
        Vault.generate(path)
        document = {**json.loads(path.read_bytes()), **change}
        path.write_text(json.dumps(document))
        with pytest.raises(KeysFileMalformed):
            Vault.from_file(path)

    def test_that_is_no_json_shows_no_content(self, tmp_path: Path):
        """Goal: an error message never shows a piece of a key."""
        path = tmp_path / "keys.json"
        path.write_text("secretkeymaterial")
        path.chmod(0o600)
        with pytest.raises(KeysFileMalformed) as caught:
            Vault.from_file(path)
        assert "secretkeymaterial" not in str(caught.value)
        assert caught.value.__cause__ is None


class TestNewKey:
    def test_running_processes_take_it_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Goal: no process is started anew for a key. Method: one that has just looked at the file
        meets a value of the new key; another looks a second later; indexes stay."""
        path = tmp_path / "keys.json"
        first, second = Vault.generate(path), Vault.from_file(path)
        before, index = first.encrypt("x", column="t.c"), first.blind_index("x", purpose="p")
        key_id = add_key(path)
        fresh = Vault.from_file(path)
        assert fresh.active == key_id
        blob = fresh.encrypt("y", column="t.c")
        assert first.decrypt(blob, column="t.c") == "y"
        assert first.encrypt("z", column="t.c")[1:5].hex() == key_id
        monkeypatch.setattr(second, "_looked_s", -10.0)
        assert second.encrypt("z", column="t.c")[1:5].hex() == key_id
        assert {each.decrypt(before, column="t.c") for each in (first, second, fresh)} == {"x"}
        assert fresh.blind_index("x", purpose="p") == index

    def test_a_file_that_cannot_be_read_now_stops_nothing(self, tmp_path: Path):
        """Goal: the keys that are known go on. Method: the file is gone, then no keys file."""
        path = tmp_path / "keys.json"
        vault = Vault.generate(path)
        blob = vault.encrypt("x", column="t.c")
        path.unlink()
        with pytest.raises(KeyUnknown):
            vault.decrypt(b"\x01\xff\xff\xff\xff" + blob[5:], column="t.c")
        assert vault.decrypt(blob, column="t.c") == "x"
