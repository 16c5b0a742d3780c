from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tulle.flow.hosts import Host, Hosts
from tulle.model.names import Name
from tulle.model.workloads import Instance, InstanceState

WEB = Name("default", "web")


def instance(id: str, host: str = "here") -> Instance:
    return Instance(id=id, workload=WEB, service=WEB, host=host, account="web", state=InstanceState.READY)


class Changes:
    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def hosts(tmp_path: Path, changes: Changes) -> Hosts:
    return Hosts(tmp_path / "hosts.json", changes)


def test_a_host_is_what_its_agent_last_said(hosts: Hosts) -> None:
    hosts.connected("here", "host")
    hosts.reported("here", (instance("web-1"),), "the disk is full")
    assert hosts.all == (
        Host(name="here", role="host", instances=(instance("web-1"),), message="the disk is full", is_connected=True),
    )
    assert hosts.roles == {"here": "host"}
    assert hosts.instances == (instance("web-1"),)


def test_a_host_may_only_speak_for_itself(hosts: Hosts) -> None:
    hosts.reported("here", (instance("web-1", host="elsewhere"),))
    assert hosts.instances == ()


def test_what_runs_on_one_host_is_known(hosts: Hosts) -> None:
    hosts.reported("here", (instance("web-1"),))
    assert hosts.instances_of("here") == (instance("web-1"),)
    assert hosts.instances_of("elsewhere") == ()


def test_an_instance_is_known_by_its_id_as_long_as_it_is_reported(hosts: Hosts) -> None:
    hosts.reported("here", (instance("web-1"),))
    hosts.reported("elsewhere", (instance("web-1", host="elsewhere"),))
    assert hosts.instance("web-1") == instance("web-1")
    hosts.reported("here", (instance("web-2"),))
    assert hosts.instance("web-1") is None
    assert hosts.instance("web-2") == instance("web-2")


def test_a_host_that_went_away_keeps_what_it_runs(hosts: Hosts) -> None:
    hosts.connected("here", "host")
    hosts.reported("here", (instance("web-1"),))
    hosts.disconnected("here")
    hosts.disconnected("unheard of")
    assert not hosts.all[0].is_connected
    assert hosts.instances == (instance("web-1"),)


def test_a_host_that_is_away_and_runs_nothing_no_longer_counts(hosts: Hosts) -> None:
    for name, role in (("renamed", "host"), ("edge", "gateway"), ("busy", "sidecar")):
        hosts.connected(name, role)
    hosts.reported("busy", (instance("web-1", host="busy"),))
    assert hosts.is_connected("renamed")
    for name in ("renamed", "edge", "busy"):
        hosts.disconnected(name)
    assert hosts.roles == {"edge": "gateway", "busy": "sidecar"}
    assert not hosts.is_connected("renamed")
    assert not hosts.is_connected("unheard of")


def test_a_report_that_says_nothing_new_changes_nothing(hosts: Hosts, changes: Changes) -> None:
    hosts.reported("here", (instance("web-1"),))
    hosts.reported("here", (instance("web-1"),))
    assert changes.count == 1


def test_a_restarted_control_plane_knows_what_was_reported(hosts: Hosts, tmp_path: Path, changes: Changes) -> None:
    hosts.connected("here", "gateway")
    hosts.reported("here", (instance("web-1"),))
    successor = Hosts(tmp_path / "hosts.json", changes)
    successor.load()
    assert successor.instances == hosts.instances
    assert successor.roles == {"here": "gateway"}
    assert not successor.all[0].is_connected


def test_without_a_file_nobody_is_known(hosts: Hosts) -> None:
    hosts.load()
    assert hosts.all == ()


def test_a_damaged_file_is_put_aside(hosts: Hosts, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "hosts.json").write_text('{"hosts": [{"na')
    hosts.load()
    assert hosts.all == ()
    assert (tmp_path / "hosts.unreadable").exists()
    assert "could not be read" in caplog.text


def test_a_full_disk_is_logged_and_the_report_is_used_all_the_same(
    tmp_path: Path, changes: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = Hosts(tmp_path / "missing" / "hosts.json", changes)
    with caplog.at_level(logging.ERROR):
        hosts.reported("here", (instance("web-1"),))
    assert hosts.instances == (instance("web-1"),)
    assert "could not be saved" in caplog.text


def test_an_id_that_two_hosts_report_stays_what_it_was_first(hosts: Hosts) -> None:
    first, second = instance("web-1"), instance("web-1", host="there")
    hosts.reported("here", (first,))
    hosts.reported("there", (second,))
    hosts.reported("there", ())
    assert hosts.instance("web-1") is first
    hosts.reported("here", ())
    assert hosts.instance("web-1") is None
