"""Every kind of document changes while requests are on their way: none of them fails."""

from __future__ import annotations

import pytest

from tests.e2e.machine import Machine
from tests.e2e.under_load import changes, changing, outside

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_no_request_fails_while_documents_change(machine: Machine) -> None:
    with outside(machine.directory) as words, changing(machine, words) as mesh:
        for change in changes():
            mesh.change(change)
        assert mesh.traffic.sent > 2000
