"""Teams' members, packages and the contact card."""

from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    entered,
    offer_free_check_up,
)
from tests.integration.contracts.test_contract_states import begin, get, post
from tests.support.service import Running

DOCTOR = {"role": "doctor", "name": "李守义", "phone": "13800138000", "joined_on": "2016-01-01"}


async def test_who_is_in_a_team(contracts: Running) -> None:
    """Goal: roles with their days, what is missing, encrypted names. Method: join, leave, look."""
    doctor = await post(contracts, f"teams/{JINHE_TEAM}/members", 201, **DOCTOR)
    specialist = {"role": "county_specialist", "name": "王专家", "joined_on": "2016-02-01"}
    await post(contracts, f"teams/{JINHE_TEAM}/members", 201, **specialist)
    team = await get(contracts, f"teams/{JINHE_TEAM}")
    assert [member["role_zh"] for member in team["members"]] == ["家庭医生", "县级专科医生"]
    assert team["missing_roles"] == ["nurse"]
    assert "chinese_medicine" in team["open_roles"]
    (row, _) = await contracts.rows("SELECT name, phone FROM team_members ORDER BY joined_on")
    assert "李守义".encode() not in row["name"]
    assert b"13800138000" not in row["phone"]
    path = f"team-members/{doctor['member_id']}/leave"
    early = await post(contracts, path, 422, left_on="2015-12-31")
    assert early["errors"][0]["code"] == "before_joining"
    await post(contracts, path, left_on="2016-03-10")
    assert (await post(contracts, path, 409, left_on="2016-03-10"))["code"] == "member_left_already"
    team = await get(contracts, f"teams/{JINHE_TEAM}")
    assert team["missing_roles"] == ["doctor", "nurse"]
    wrong = await post(contracts, f"teams/{JINHE_TEAM}/members", 422, **{**DOCTOR, "role": "boss"})
    assert wrong["errors"][0]["field"] == "role"
    async with contracts.client(f"township:{YONGHE}") as client:
        foreign = await client.post(f"/contracts/v1/teams/{JINHE_TEAM}/members", json=DOCTOR)
        assert foreign.json()["code"] == "team_not_yours"
        unknown = await client.get("/contracts/v1/teams/H00000000000")
        assert unknown.json()["code"] == "team_unknown"


async def test_the_card_has_its_four_fields_or_is_not_printed(contracts: Running) -> None:
    """Goal: XB-31: a missing field makes the card invalid. Method: without doctor, without his
    telephone, with both; JSON and PDF."""
    await contracts.deliver(entered())
    contract = await begin(contracts, package="chronic")
    path = f"contracts/{contract['contract_id']}/card"
    card = await get(contracts, path)
    assert (card["valid"], card["missing"]) == (False, ["doctor_name", "phone"])
    await post(
        contracts,
        f"teams/{JINHE_TEAM}/members",
        201,
        **{**DOCTOR, "role": "village_doctor", "village": "曙光村", "phone": None},
    )
    assert (await get(contracts, path))["missing"] == ["phone"]
    async with contracts.client() as client:
        refused = await client.get(f"/contracts/v1/{path}.pdf")
        assert (refused.status_code, refused.json()["code"]) == (409, "card_incomplete")
        assert [each["field"] for each in refused.json()["errors"]] == ["phone"]
    await post(contracts, f"teams/{JINHE_TEAM}/members", 201, **DOCTOR)
    card = await get(contracts, path)
    assert (card["doctor_name"], card["phone"], card["valid"]) == ("李守义", "13800138000", True)
    assert "面对面随访(每季度1次)" in card["services"]
    assert "先诊疗后结算" in card["policy"]
    async with contracts.client(f"township:{JINHE}") as client:
        printed = await client.get(f"/contracts/v1/{path}.pdf")
    assert printed.status_code == 200
    assert printed.content.startswith(b"%PDF")
    assert printed.headers["cache-control"] == "no-store"


async def test_packages_are_promises_with_counts(contracts: Running) -> None:
    """Goal: items with how often, as data, the free check-up only where the county promises it
    (XB-22); an unknown package is refused. Method: the lists of two counties, sign."""
    packages = {each["package"]: each for each in (await get(contracts, "packages"))["items"]}
    assert "check_up" not in {each["item"] for each in packages["basic"]["items"]}
    offer_free_check_up(contracts)
    packages = {each["package"]: each for each in (await get(contracts, "packages"))["items"]}
    assert set(packages) == {"basic", "chronic", "elderly"}
    check_up = next(i for i in packages["basic"]["items"] if i["item"] == "check_up")
    assert (check_up["times"], check_up["per"], check_up["citation"]) == (1, "year", "XB-22")
    await contracts.deliver(entered())
    wrong = await begin(contracts, expected=422, package="golden")
    assert wrong["errors"][0]["field"] == "package"
