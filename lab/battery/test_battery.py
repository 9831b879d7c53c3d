"""The emulator against moto: what differs is known, and what is known still differs."""

import collections

import pytest

import ledger
from scenarios import SCENARIOS

ENTRIES = ledger.entries()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_difference_is_listed(battery, name):
    (_, stopped), (_, stopped_there) = battery.played(name)
    found = battery.differences(name)
    unlisted = [one for one in found if not any(ledger.covers(entry, one) for entry in ENTRIES)]
    report = "\n".join(f"# step {one.step}\n{ledger.stub(one)}" for one in unlisted)
    assert not unlisted, f"not in differences.toml:\n{report}"
    # moto may be unable to go on where a difference is listed; the emulator must.
    assert stopped is None, f"the emulator stopped: {stopped}"
    assert stopped_there is None or found, f"moto stopped: {stopped_there}"


def test_every_listed_difference_still_differs(battery):
    found = [one for name in SCENARIOS for one in battery.differences(name)]
    idle = [entry for entry in ENTRIES if not any(ledger.covers(entry, one) for one in found)]
    assert not idle, f"no longer differs, take it out: {idle}"
    requests = sum(len(battery.played(name)[1][0]) for name in SCENARIOS)
    by_class = collections.Counter(entry["evidence"] for entry in ENTRIES)
    print(f"battery: {len(SCENARIOS)} scenarios, {requests} requests compared, {len(found)} differences by {dict(by_class)} entries")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["at"])
def test_every_entry_has_evidence(entry):
    assert ledger.defect(entry) is None
