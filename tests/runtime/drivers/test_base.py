from __future__ import annotations

from tulle.runtime.drivers.base import Driver
from tulle.runtime.drivers.process import ProcessDriver


def test_processes_are_a_driver() -> None:
    driver: Driver = ProcessDriver()
    assert driver.find(frozenset()) == {}
