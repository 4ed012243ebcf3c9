"""Which merges hold, whatever the order in which one hears of them."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.merges.rule import Merge, excludes, holds, turn

START = datetime(2016, 3, 1, tzinfo=UTC)
PERSONS = ("a", "b", "c", "d")


def merge(number: int, kept: str, absorbed: str, *, undone: bool = False) -> Merge:
    return Merge(f"m{number}", kept, absorbed, START + timedelta(hours=number), undone)


class Register:
    """What identity would allow: stars only; and the news of it, by key."""

    def __init__(self) -> None:
        self.into: dict[str, tuple[int, str]] = {}
        self.news: list[tuple[str, Merge]] = []
        self.clock = 0

    def merge(self, kept: str, absorbed: str) -> None:
        keeps = {k for _, k in self.into.values()}
        if kept == absorbed or {kept, absorbed} & set(self.into) or absorbed in keeps:
            return
        self.clock += 1
        self.into[absorbed] = (self.clock, kept)
        self.news.append((kept, merge(self.clock, kept, absorbed)))

    def undo(self, absorbed: str) -> None:
        if absorbed in self.into:
            number, kept = self.into.pop(absorbed)
            undone = Merge(f"m{number}", kept, absorbed, None, undone=True)
            self.news.append((kept, undone))


class Reader:
    """Follows the news as the service does: told, decided, taken back, begun."""

    def __init__(self) -> None:
        self.known: dict[str, Merge] = {}

    def hear(self, news: Merge) -> None:
        before = self.known.get(news.merge_id)
        told = Merge(
            news.merge_id,
            news.kept,
            news.absorbed,
            news.merged_at or (before.merged_at if before else None),
            news.undone or (before.undone if before else False),
            before.in_force if before else False,
        )
        others = [
            m
            for m in self.known.values()
            if m.merge_id != told.merge_id and m.persons & told.persons
        ]
        change = turn(told, others)
        self.known[told.merge_id] = told
        for ended in change.ended:
            assert self.known[ended.merge_id].in_force
            self._set(ended.merge_id, in_force=False)
        if change.begun is not None:
            assert not self.known[told.merge_id].in_force
            self._set(told.merge_id, in_force=True)
        assert self.is_stars()

    def _set(self, merge_id: str, *, in_force: bool) -> None:
        m = self.known[merge_id]
        self.known[merge_id] = Merge(
            m.merge_id, m.kept, m.absorbed, m.merged_at, m.undone, in_force
        )

    def into(self) -> dict[str, str]:
        return {m.absorbed: m.kept for m in self.known.values() if m.in_force}

    def is_stars(self) -> bool:
        links = [m for m in self.known.values() if m.in_force]
        return len(self.into()) == len(links) and not set(self.into()) & set(self.into().values())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "undo"]), st.sampled_from(PERSONS), st.sampled_from(PERSONS)
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(steps=STEPS, data=st.data())
def test_every_order_across_keys_ends_as_the_register_does(
    steps: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    """Goal: one end state, stars at every moment. Method: any history that a register allows; its
    news shuffled across kept persons, order kept within one, everything told twice."""
    register = Register()
    for kind, one, other in steps:
        if kind == "merge":
            register.merge(one, other)
        else:
            register.undo(other)
    queues: dict[tuple[int, str], list[Merge]] = {}
    for again in (0, 1):
        for key, news in register.news:
            queues.setdefault((again, key), []).append(news)
    reader = Reader()
    # The second telling of a key comes after its first, as a bus delivers again.
    while queues:
        ready = sorted(key for key in queues if (0, key[1]) not in queues or key[0] == 0)
        chosen = data.draw(st.sampled_from(ready))
        reader.hear(queues[chosen].pop(0))
        if not queues[chosen]:
            del queues[chosen]
    assert reader.into() == {absorbed: kept for absorbed, (_, kept) in register.into.items()}


def test_a_merge_that_could_not_have_been_shows_the_earlier_one_undone() -> None:
    """Goal: no chain and no circle for a moment. Method: each way in which two cannot both hold."""
    first = merge(1, "b", "a")
    for later in (merge(2, "c", "b"), merge(2, "c", "a"), merge(2, "a", "b"), merge(2, "a", "c")):
        assert excludes(first, later)
        assert not holds(first, [later])
        assert holds(later, [first])
    beside = merge(2, "b", "c")
    assert not excludes(first, beside)
    assert holds(first, [beside])
    assert holds(beside, [first])


def test_an_undone_merge_stays_undone() -> None:
    """Goal: an old event delivered again restores nothing. Method: every order of the three news."""
    news = [
        merge(1, "b", "a"),
        Merge("m1", "b", "a", None, undone=True),
        merge(1, "b", "a"),
    ]
    for order in permutations(news):
        reader = Reader()
        for each in order:
            reader.hear(each)
        assert reader.into() == {}
