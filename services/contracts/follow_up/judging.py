"""Control status and classification of a visit by the national standard (third edition). Pure.

The classification decides which rule asks for the next visit; see ``plans/rules.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

ControlStatus = Literal["controlled", "uncontrolled"]
_Thresholds = Mapping[str, Decimal]
_Values = Mapping[str, Any]

REASONS: dict[str, tuple[str, str]] = {
    "emergency": ("危急值或危急症状，紧急转诊", "an emergency value or sign: refer at once"),
    "twice_uncontrolled": ("连续两次控制不满意", "not controlled at two successive visits"),
    "adverse_reaction": ("药物不良反应难以控制", "adverse reaction that is hard to control"),
    "complication": ("出现新的并发症或原有并发症加重", "new complication, or an old one worse"),
    "unstable": ("病情不稳定", "the illness is unstable"),
    "not_improved": ("两周后未见好转", "not improved after two weeks"),
    "worse": ("症状加重或出现并发症", "symptoms worse, or a complication"),
    "danger_sign": ("新生儿异常", "abnormal signs in a newborn"),
    "three_raised": (
        "非同日3次血压偏高，转诊确诊",
        "high on three different days: have it confirmed",
    ),
    "glucose_raised": ("空腹血糖偏高，转诊确诊", "fasting glucose high: have it confirmed"),
}
"""Why a referral is advised: Chinese and English."""


@dataclass(frozen=True, slots=True)
class Before:
    """The visit before, of the same programme."""

    on: date
    classification: str | None
    values: _Values
    """What was measured at it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a judgement looks at besides the measurements."""

    on: date
    birth_year: int | None
    started_on: date | None
    """When the person was taken into the programme; a newborn's day of birth."""
    before: Before | None


@dataclass(frozen=True, slots=True)
class Judgement:
    classification: str
    control: ControlStatus | None
    """None: the visit is not about an illness under treatment."""
    refer: tuple[str, ...] = ()
    """Codes of :data:`REASONS`; empty: no referral is advised."""
    found: bool = False
    """The illness to which the programme leads is confirmed."""


def judge(form: str, values: _Values, thresholds: _Thresholds, case: Case) -> Judgement:
    """What the visit's measurements mean.

    Args:
        form: the form's code.
        values: checked measurements.
        thresholds: of the form.
        case: the person and the visit before.
    """
    return _JUDGES[form](values, thresholds, case)


def _successive(values: _Values, *, good: bool, good_before: bool, emergency: bool) -> Judgement:
    """Hypertension and diabetes: first time two weeks, second time or worse a referral.

    The second time in a row is that of the measurement: a visit that was followed up within two
    weeks for an adverse reaction alone is none of the two.
    """
    reasons = ["emergency"] if emergency or values.get("emergency_sign") else []
    if values.get("complication"):
        reasons.append("complication")
    if values.get("adverse_uncontrollable"):
        reasons.append("adverse_reaction")
    if not good and not good_before:
        reasons.append("twice_uncontrolled")
    control: ControlStatus = "controlled" if good else "uncontrolled"
    if reasons:
        return Judgement("referral", control, tuple(reasons))
    satisfied = good and not values.get("adverse_reaction")
    return Judgement("controlled" if satisfied else "uncontrolled_first", control)


def _pressure_emergency(values: _Values, limits: _Thresholds) -> bool:
    return bool(
        values.get("sbp", 0) >= limits["emergency_sbp"]
        or values.get("dbp", 0) >= limits["emergency_dbp"]
    )


def _pressure_good(values: _Values, limits: _Thresholds, case: Case, on: date) -> bool:
    elderly = case.birth_year is not None and on.year - case.birth_year >= limits["elderly_age"]
    return bool(
        values["sbp"] < limits["sbp_elderly" if elderly else "sbp"]
        and values["dbp"] < limits["dbp"]
    )


def _hypertension(values: _Values, limits: _Thresholds, case: Case) -> Judgement:
    """1.1: controlled is below 140/90, from 65 years on below 150/90: the pressure alone."""
    before = case.before
    return _successive(
        values,
        good=_pressure_good(values, limits, case, case.on),
        good_before=before is None or _pressure_good(before.values, limits, case, before.on),
        emergency=_pressure_emergency(values, limits),
    )


def _diabetes(values: _Values, limits: _Thresholds, case: Case) -> Judgement:
    """1.2: controlled is fasting glucose below 7.0 without adverse reaction or new complication.

    16.7 and more, 3.9 and less are emergencies; who is in one is not controlled.
    """
    glucose = values["fasting_glucose"]
    emergency = bool(
        values.get("emergency_sign")
        or glucose >= limits["emergency_glucose_high"]
        or glucose <= limits["emergency_glucose_low"]
        or _pressure_emergency(values, limits)
        or values.get("heart_rate", 0) > limits["emergency_heart_rate"]
        or values.get("temperature", 0) > limits["emergency_temperature"]
    )
    before = case.before
    found = _successive(
        values,
        good=bool(glucose < limits["glucose"]),
        good_before=before is None or bool(before.values["fasting_glucose"] < limits["glucose"]),
        emergency=emergency,
    )
    harmed = any(
        values.get(name) for name in ("adverse_reaction", "adverse_uncontrollable", "complication")
    )
    return replace(found, control="uncontrolled") if emergency or harmed else found


def _tuberculosis(values: _Values, limits: _Thresholds, _case: Case) -> Judgement:
    """1.4: monthly; every ten days in the intensive phase under the family's eyes."""
    if values.get("treatment_ended"):
        done = values.get("final_check_done")
        return Judgement("finished" if done else "treatment_ended", "controlled")
    reasons = [
        code
        for code, field in (("adverse_reaction", "adverse_reaction"), ("worse", "worse"))
        if values.get(field)
    ]
    if reasons:
        return Judgement("referral", "uncontrolled", tuple(reasons))
    due = values.get("doses_due")
    regular = not due or values.get("doses_taken", Decimal(0)) >= limits["doses_share"] * due
    family = values["supervision"] != "medical_staff"
    classification = "intensive_family" if values["phase"] == "intensive" and family else "monthly"
    return Judgement(classification, "controlled" if regular else "uncontrolled")


_FOUND = ("diagnosed", "confirmed")


def _suspect(values: _Values, _limits: _Thresholds, _case: Case) -> Judgement:
    """1.4: asked until he went; a case that is confirmed is taken into the patients' programme."""
    confirmed = found_illness(values)
    return Judgement("finished" if values["went"] or confirmed else "not_gone", None, (), confirmed)


def _hypertension_risk(values: _Values, limits: _Thresholds, case: Case) -> Judgement:
    """1.1: high on three different days is to be confirmed by a hospital; else every half year."""
    if found_illness(values):
        return Judgement("disease_found", None, found=True)
    if values.get("emergency_sign") or _pressure_emergency(values, limits):
        return Judgement("referral", None, ("emergency",))
    if values["sbp"] < limits["sbp"] and values["dbp"] < limits["dbp"]:
        return Judgement("at_risk", None)
    before = case.before.classification if case.before is not None else None
    if before == "referral":
        return Judgement("referral", None, ("three_raised",))
    if before not in _RAISED:
        return Judgement("raised", None)
    if case.before is not None and case.before.on == case.on:
        return Judgement(str(before), None)
    if before == "raised_again":
        return Judgement("referral", None, ("three_raised",))
    return Judgement("raised_again", None)


def _diabetes_risk(values: _Values, limits: _Thresholds, _case: Case) -> Judgement:
    """1.2: 7.0 and more is to be confirmed by a hospital; else every year."""
    if found_illness(values):
        return Judgement("disease_found", None, found=True)
    glucose = values["fasting_glucose"]
    if (
        values.get("emergency_sign")
        or glucose >= limits["emergency_glucose_high"]
        or glucose <= limits["emergency_glucose_low"]
    ):
        return Judgement("referral", None, ("emergency",))
    if glucose >= limits["glucose"]:
        return Judgement("referral", None, ("glucose_raised",))
    return Judgement("at_risk", None)


_RAISED = ("raised", "raised_again")


def found_illness(values: Mapping[str, Any] | None) -> bool:
    """Whether a visit of those at risk, or suspected, says that the illness is confirmed."""
    return values is not None and any(values.get(name) for name in _FOUND)


def screened(values: _Values, thresholds: Mapping[str, _Thresholds]) -> dict[str, str]:
    """Into which programmes of those at risk a person belongs by what was measured of him.

    Args:
        values: checked measurements, whatever they were taken for.
        thresholds: of each form.

    Returns:
        Programme → as what he is found: ``at_risk``, or ``raised`` where one reading is as high as
        the illness begins.
    """
    found: dict[str, str] = {}
    limits = thresholds["hypertension_risk"]
    if "sbp" in values and "dbp" in values:
        high = values["sbp"] >= limits["sbp"] or values["dbp"] >= limits["dbp"]
        near = values["sbp"] >= limits["risk_sbp"] or values["dbp"] >= limits["risk_dbp"]
        heavy = values.get("bmi", 0) >= limits["risk_bmi"]
        if high or near or heavy:
            found["hypertension_risk"] = "raised" if high else "at_risk"
    limits = thresholds["diabetes_risk"]
    glucose = values.get("fasting_glucose")
    if glucose is not None and glucose >= limits["risk_glucose"]:
        found["diabetes_risk"] = "raised" if glucose >= limits["glucose"] else "at_risk"
    return found


def _mental(values: _Values, limits: _Thresholds, case: Case) -> Judgement:
    """1.3: unstable, basically stable, stable."""
    if (
        values["risk"] >= limits["unstable_risk"]
        or values.get("symptoms") == "marked"
        or values.get("insight") == "lacking"
        or values.get("severe_adverse_reaction")
        or values.get("severe_physical_illness")
    ):
        return Judgement("unstable", "uncontrolled", ("unstable",))
    if (
        values["risk"] >= limits["basically_stable_risk"]
        or values.get("symptoms") == "some"
        or values.get("insight") == "partial"
        or values.get("social_function") in ("poor", "fair")
    ):
        if case.before is not None and case.before.classification in (
            "basically_stable",
            "basically_stable_again",
        ):
            return Judgement("basically_stable_again", "uncontrolled", ("not_improved",))
        return Judgement("basically_stable", "uncontrolled")
    return Judgement("stable", "controlled")


def _newborn(values: _Values, limits: _Thresholds, case: Case) -> Judgement:
    """Two visits: within a week, and at 28 to 30 days; anything abnormal is referred."""
    abnormal = (
        values.get("danger_sign")
        or values.get("jaundice") == "marked"
        or values["temperature"] >= limits["fever"]
        or values["temperature"] < limits["cold"]
    )
    if abnormal:
        return Judgement("referral", "uncontrolled", ("danger_sign",))
    grown = case.started_on is not None and (case.on - case.started_on).days >= int(
        limits["full_month_days"]
    )
    return Judgement("finished" if grown else "continuing", "controlled")


def _home_care(values: _Values, _limits: _Thresholds, _case: Case) -> Judgement:
    """KZ-16: gone to as long as he cannot come himself; no illness is judged by it."""
    return Judgement("mobile" if values["mobility"] == "walks" else "seen", None)


_JUDGES: dict[str, Callable[[_Values, _Thresholds, Case], Judgement]] = {
    "hypertension": _hypertension,
    "type2_diabetes": _diabetes,
    "tuberculosis": _tuberculosis,
    "tuberculosis_suspect": _suspect,
    "hypertension_risk": _hypertension_risk,
    "diabetes_risk": _diabetes_risk,
    "severe_mental_disorder": _mental,
    "newborn": _newborn,
    "home_care": _home_care,
}
