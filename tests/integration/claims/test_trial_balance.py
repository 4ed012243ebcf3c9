"""The trial balance: the book as of any day, as known at any time."""

from tests.integration.claims.county import DISTRICT, TOWNSHIP, Claims


class TestTrialBalance:
    """The book as of any day, as known at any time."""

    async def test_two_times(self, settled: Claims) -> None:
        """Goal: what was written later for an earlier day can be told apart.

        Method: a settlement of 8 March; then one more of the same day; ask with and without the
        time between, for the day before, and for the turnover since the day after.
        """
        between = (await settled.rows("SELECT clock_timestamp() AS t"))[0]["t"].isoformat()
        encounter = await settled.discharged(facility_code=TOWNSHIP)
        await settled.settled(encounter["encounter_id"])

        async def total(**asked: str) -> dict[str, str]:
            trial = await settled.good("GET", "/ledger/trial-balance", **asked)
            assert trial["total"] == "0.00"
            return {
                account["facility_code"]: account["credit"]
                for account in trial["accounts"]
                if account["kind"] == "facility"
            }

        both = {DISTRICT: "5000.00", TOWNSHIP: "5000.00"}
        assert await total() == both
        assert await total(as_of="2016-03-08") == both
        assert await total(as_of="2016-03-07") == {}
        assert await total(since="2016-03-08", as_of="2016-03-08") == both
        assert await total(since="2016-03-09") == {}
        assert await total(known_at=between) == {DISTRICT: "5000.00"}
        assert await total(facility_code=TOWNSHIP) == {TOWNSHIP: "5000.00"}

    async def test_accounts_are_of_a_fund_and_a_facility(self, settled: Claims) -> None:
        """Goal: a fund's side of the book. Method: medical aid's accounts; a time without offset."""
        trial = await settled.good("GET", "/ledger/trial-balance", fund="medical_aid")
        (account,) = trial["accounts"]
        assert (account["kind"], account["fund"], account["facility_code"], account["balance"]) == (
            "payer",
            "medical_aid",
            DISTRICT,
            "663.83",
        )
        assert account["name_zh"] == f"医疗救助资金应付({DISTRICT})"
        wrong = await settled.call("GET", "/ledger/trial-balance", known_at="2016-03-08T10:00:00")
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["field"] == "known_at"

    async def test_an_entry_says_what_it_is(self, settled: Claims) -> None:
        """Goal: an account can be read alone. Method: settle, reverse, list the patient's account."""
        settlement = (await settled.rows("SELECT id FROM settlements"))[0]["id"]
        await settled.good("POST", f"/settlements/{settlement}/reverse", {"reason": "test"})
        listed = await settled.good("GET", f"/ledger/accounts/patient:{DISTRICT}/entries")
        made, undone = listed["items"]
        assert [made["kind_zh"], undone["kind_zh"]] == ["结算", "冲销"]
        assert undone["reverses_entry_id"] == made["entry_id"]
        assert (made["amount"], undone["amount"]) == ("991.27", "-991.27")
