"""The same linkage by Splink, as its own documentation links this data set.

Comparisons, training and blocking follow ``docs/demos/examples/duckdb/febrl4`` of the Splink
repository, extended to the fields of each task. For names that are exchanged Splink has a comparison of
both names together, which is run as well.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

SEED = 1
SAMPLED_PAIRS = 1e6


def link(
    asked: pd.DataFrame, registered: pd.DataFrame, fields: Sequence[str], *, joint_names: bool
) -> dict[tuple[str, str], float]:
    """Match weights (bits of odds) by pair of record ids, trained without labels."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its training also prints; the table is what is wanted.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return _link(asked, registered, fields, joint_names=joint_names)


def _link(
    asked: pd.DataFrame, registered: pd.DataFrame, fields: Sequence[str], *, joint_names: bool
) -> dict[tuple[str, str], float]:
    settings = SettingsCreator(
        unique_id_column_name="rec_id",
        link_type="link_only",
        comparisons=_comparisons(fields, joint_names=joint_names),
        blocking_rules_to_generate_predictions=_blocking(fields),
        probability_two_random_records_match=1 / len(registered),
    )
    api = DuckDBAPI()
    frames = [
        api.register(frame[["rec_id", *fields]].reset_index(drop=True))
        for frame in (asked, registered)
    ]
    linker = Linker(frames, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for rule in (block_on("date_of_birth"), block_on("given_name", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    found = linker.inference.predict(threshold_match_weight=-16).as_pandas_dataframe()
    of_asked = set(asked["rec_id"])
    return {
        (left, right) if left in of_asked else (right, left): float(bits)
        for left, right, bits in zip(
            found["rec_id_l"], found["rec_id_r"], found["match_weight"], strict=True
        )
    }


def _comparisons(fields: Sequence[str], *, joint_names: bool) -> list[Any]:
    made: dict[str, Any] = {
        "date_of_birth": cl.DateOfBirthComparison(
            "date_of_birth",
            input_is_string=True,
            datetime_format="%Y%m%d",
            invalid_dates_as_null=True,
        ),
        "suburb": cl.JaroWinklerAtThresholds("suburb", [0.95, 0.88]).configure(
            term_frequency_adjustments=True
        ),
        "postcode": cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
            term_frequency_adjustments=True
        ),
        "street_number": cl.DamerauLevenshteinAtThresholds("street_number", [1]).configure(
            term_frequency_adjustments=True
        ),
        "address_1": cl.JaroWinklerAtThresholds("address_1", [0.95, 0.88]).configure(
            term_frequency_adjustments=True
        ),
        "address_2": cl.JaroWinklerAtThresholds("address_2", [0.95, 0.88]).configure(
            term_frequency_adjustments=True
        ),
        "state": cl.ExactMatch("state"),
    }
    names = [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
    ]
    if joint_names:
        names = [cl.ForenameSurnameComparison("given_name", "surname")]
    return names + [made[name] for name in fields if name in made]


def _blocking(fields: Sequence[str]) -> list[Any]:
    rules: list[Any] = [
        block_on("given_name", "surname"),
        "l.given_name = r.surname and l.surname = r.given_name",
        block_on("date_of_birth"),
        block_on("surname", "substr(date_of_birth, 1, 4)"),
        block_on("given_name", "substr(date_of_birth, 1, 4)"),
        block_on("surname"),
        block_on("given_name"),
    ]
    if "suburb" in fields:
        rules.append(block_on("suburb"))
    if "address_1" in fields:
        rules += [
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ]
    return rules
