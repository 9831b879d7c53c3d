"""Plays every scenario once on each account; the tests read what was written down."""

import functools

import pytest

import servers
from compare import compare
from play import Account, play
from scenarios import SCENARIOS


class Battery:
    """The playings, each made when it is first wanted. The emulator is a new process each time, moto is emptied."""

    def __init__(self, moto):
        self.moto = moto

    @functools.cache
    def played(self, name):
        """(steps, why it stopped) of the emulator and of moto."""
        scenario = SCENARIOS[name]
        ours = servers.emulator()
        try:
            mine = play(scenario, ours.endpoint)
        finally:
            ours.close()
            Account.forget(ours.endpoint)
        servers.empty(self.moto)
        return mine, play(scenario, self.moto.endpoint)

    @functools.cache
    def differences(self, name):
        (ours, _), (theirs, _) = self.played(name)
        return compare(name, ours, theirs)


@pytest.fixture(scope="session")
def battery():
    if not servers.SERVE.exists():
        pytest.exit(f"{servers.SERVE} is not built", returncode=3)
    moto = servers.moto()
    yield Battery(moto)
    moto.close()
