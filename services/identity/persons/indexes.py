"""Blind indexes: keyed hashes by which an encrypted value is found, never read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.identity.persons import domain
from shared.security.crypto import Vault


@dataclass(frozen=True)
class PersonIndexes:
    """The indexes of one person; an absent value has none."""

    id_number_idx: bytes | None
    name_idx: bytes
    name_birth_idx: bytes | None
    name_birth_village_idx: bytes | None
    phone_idx: bytes | None


def id_number_index(vault: Vault, id_number: str) -> bytes:
    return vault.blind_index(id_number, purpose="id_number")


def name_index(vault: Vault, name: str) -> bytes:
    return vault.blind_index(domain.name_key(name), purpose="name")


def name_birth_index(vault: Vault, name: str, birth_date: date) -> bytes:
    return vault.blind_index(domain.name_birth_text(name, birth_date), purpose="name_birth")


def name_birth_village_index(vault: Vault, name: str, birth_date: date, village: str) -> bytes:
    text = domain.name_birth_village_text(name, birth_date, village)
    return vault.blind_index(text, purpose="name_birth_village")


def phone_index(vault: Vault, phone: str) -> bytes | None:
    key = domain.phone_key(phone)
    return vault.blind_index(key, purpose="phone") if key else None


def card_no_index(vault: Vault, card_no: str) -> bytes:
    return vault.blind_index(domain.card_no_key(card_no), purpose="card_no")


def household_index(vault: Vault, source: str, household_no: str) -> bytes:
    text = domain.household_text(source, household_no)
    return vault.blind_index(text, purpose="household")


def person_indexes(
    vault: Vault,
    *,
    id_number: str | None,
    name: str,
    birth_date: date | None,
    village: str | None,
    phone: str | None,
) -> PersonIndexes:
    """Every index of a person's current values."""
    key = domain.name_key(name)
    name_birth = domain.key_birth_text(key, birth_date) if birth_date else None
    return PersonIndexes(
        id_number_idx=id_number_index(vault, id_number) if id_number else None,
        name_idx=vault.blind_index(key, purpose="name"),
        name_birth_idx=(
            vault.blind_index(name_birth, purpose="name_birth") if name_birth else None
        ),
        name_birth_village_idx=(
            vault.blind_index(
                domain.birth_village_text(name_birth, village), purpose="name_birth_village"
            )
            if name_birth and village
            else None
        ),
        phone_idx=phone_index(vault, phone) if phone else None,
    )
