"""The budget goes where most is found, and everywhere a little."""

from __future__ import annotations

from collections import Counter

from cocodla.regress.shares import FLOOR, Shares

COST = {"rich": 20.0, "poor": 20.0, "costly": 400.0, "silent": 10.0}
"""CPU seconds of an item of each suite."""
EVERY = {"rich": 5, "poor": 60, "costly": 5}
"""One item in so many finds something new."""


def spend(shares: Shares, hours: float) -> Counter[str]:
    """Simulated suites: CPU seconds each was given."""
    spent, items = Counter[str](), Counter[str]()
    while spent.total() < hours * 3600:
        name = shares.next()
        shares.begun(name, COST[name])
        items[name] += 1
        finds = int(name in EVERY and items[name] % EVERY[name] == 0)
        shares.ended(name, COST[name], COST[name], finds)
        spent[name] += COST[name]
    return spent


def test_most_goes_where_most_is_found_and_each_has_its_floor() -> None:
    spent = spend(Shares(list(COST), 1), 16)
    share = {name: seconds / spent.total() for name, seconds in spent.items()}
    assert share["rich"] > 0.6 and share["rich"] > 4 * max(share["poor"], share["costly"])
    assert min(share.values()) > 0.9 * FLOOR


def test_without_finds_all_get_the_same() -> None:
    shares = Shares(["a", "b", "c"], 1)
    assert set(shares.due().values()) == {1 / 3}
    for _ in range(300):
        name = shares.next()
        shares.begun(name, 1)
        shares.ended(name, 1, 1, 0)
    assert max(shares.due().values()) - min(shares.due().values()) < 0.01


def test_the_same_seed_chooses_the_same() -> None:
    first, second = ([Shares("abcdefgh", seed).next() for seed in range(40)] for _ in range(2))
    assert first == second and len(set(first)) > 3


def test_runs_before_count_less_the_older_they_are() -> None:
    idle, found = (0, 3600.0), (8, 3600.0)
    due = [
        Shares(["a", "b"], 1, [{"a": found, "b": idle}, *[{"a": idle, "b": idle}] * 3]).due()["a"],
        Shares(["a", "b"], 1, [*[{"a": idle, "b": idle}] * 3, {"a": found, "b": idle}]).due()["a"],
        Shares(["a", "b"], 1, [{"gone": found}]).due()["a"],
    ]
    assert due[0] > due[1] > due[2] == 0.5


def test_what_is_under_way_counts() -> None:
    shares = Shares(["a", "b"], 3)
    first = shares.next()
    shares.begun(first, 10)
    assert shares.next() != first
    assert shares.next([first]) == first


def test_many_suites_share_half_of_the_time_as_floor() -> None:
    shares = Shares([str(number) for number in range(50)], 1)
    assert abs(sum(shares.due().values()) - 1) < 1e-9
