from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tulle.cli.running import MARK
from tulle.model.names import Name
from tulle.model.services import Protocol
from tulle.model.workloads import Assignment, Binding, Forward, Instance, InstanceState
from tulle.runtime.environment import command_line, environment, substitute, variable

HTTP = Binding(name="http", protocol=Protocol.HTTP, address="127.0.0.1", port=1, application="127.0.0.1:2001")
ADMIN = Binding(name="admin-ui", protocol=Protocol.HTTP, address="127.0.0.1", port=2, application="127.0.0.1:2002")
SOCKET = Binding(name="http", protocol=Protocol.HTTP, address="127.0.0.1", port=3, application="/run/app-1")

INSTANCE = Instance(
    id="web-1a2b3c",
    workload=Name("shop", "web-v2"),
    service=Name("shop", "web"),
    host="here",
    account="web",
    state=InstanceState.STARTING,
    version="v2",
    bindings=(HTTP, ADMIN),
    outbound="127.0.0.1:3000",
)


def forward(name: str, port: int, address: str) -> Forward:
    namespace, _, bare = name.rpartition("/")
    return Forward(service=Name(namespace or "shop", bare), port=port, protocol=Protocol.TCP, address=address)


def test_instance_knows_who_it_is_and_where_to_listen(assignment: Callable[..., Assignment]) -> None:
    variables = environment(INSTANCE, assignment(), {})
    assert variables | {"PORT": "2001", "PORT_HTTP": "2001", "PORT_ADMIN_UI": "2002", "HOST": "127.0.0.1"} == variables
    assert {name: value for name, value in variables.items() if name.startswith("TULLE_")} == {
        "TULLE_INSTANCE": "web-1a2b3c",
        "TULLE_SERVICE": "web",
        "TULLE_NAMESPACE": "shop",
        "TULLE_VERSION": "v2",
    }
    assert "SOCKET" not in variables


def test_socket_stands_in_for_the_first_port(assignment: Callable[..., Assignment]) -> None:
    variables = environment(replace(INSTANCE, bindings=(SOCKET, ADMIN)), assignment(), {})
    assert variables["SOCKET"] == "/run/app-1" and variables["PORT_ADMIN_UI"] == "2002"
    assert "PORT" not in variables


def test_sidecar_is_the_proxy_of_everything_but_this_host(assignment: Callable[..., Assignment]) -> None:
    variables = environment(INSTANCE, assignment(), {"NO_PROXY": "*", "all_proxy": "elsewhere"})
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "grpc_proxy"):
        assert variables[name] == "http://127.0.0.1:3000"
    assert variables["NO_PROXY"] == variables["no_proxy"] == "localhost,127.0.0.1"
    assert "all_proxy" not in variables


def test_without_a_sidecar_there_is_no_proxy(assignment: Callable[..., Assignment]) -> None:
    assert "HTTP_PROXY" not in environment(replace(INSTANCE, outbound=""), assignment(), {})


def test_forwards_are_addresses_of_services(assignment: Callable[..., Assignment]) -> None:
    forwards = (
        forward("user-data", 5432, "127.0.0.1:1"),
        forward("user-data", 5433, "127.0.0.1:2"),
        forward("other/user-data", 5432, "127.0.0.1:3"),
        forward("other/cache", 6379, "127.0.0.1:4"),
        forward("unplaced", 1, ""),
    )
    variables = environment(replace(INSTANCE, forwards=forwards), assignment(), {})
    assert {name: value[-1] for name, value in variables.items() if name.endswith("_ADDR")} == {
        "TULLE_USER_DATA_ADDR": "1",
        "TULLE_USER_DATA_5432_ADDR": "1",
        "TULLE_USER_DATA_5433_ADDR": "2",
        "TULLE_USER_DATA_SHOP_ADDR": "1",
        "TULLE_USER_DATA_SHOP_5432_ADDR": "1",
        "TULLE_USER_DATA_SHOP_5433_ADDR": "2",
        "TULLE_USER_DATA_OTHER_ADDR": "3",
        "TULLE_USER_DATA_OTHER_5432_ADDR": "3",
        "TULLE_CACHE_ADDR": "4",
        "TULLE_CACHE_6379_ADDR": "4",
        "TULLE_CACHE_OTHER_ADDR": "4",
        "TULLE_CACHE_OTHER_6379_ADDR": "4",
    }


def test_what_the_workload_sets_wins(assignment: Callable[..., Assignment]) -> None:
    given = assignment(environment=(("PORT", "9"), ("COLOUR", "mauve")))
    variables = environment(INSTANCE, given, {"COLOUR": "grey", "PATH": "/bin", "PYTHONUNBUFFERED": "0"})
    assert (variables["PORT"], variables["COLOUR"], variables["PATH"]) == ("9", "mauve", "/bin")
    assert variables["PYTHONUNBUFFERED"] == "0"


def test_what_belongs_to_the_agent_stays_with_it(assignment: Callable[..., Assignment]) -> None:
    inherited = {"TULLE_TOKEN": "secret", "PORT_METRICS": "1", "NOTIFY_SOCKET": "/run/x", "LISTEN_FDS": "3"}
    assert not inherited.keys() & environment(INSTANCE, assignment(), inherited).keys()


def test_mark_of_the_mesh_is_passed_on_so_that_nothing_is_left_behind(assignment: Callable[..., Assignment]) -> None:
    assert environment(INSTANCE, assignment(), {MARK: "run"})[MARK] == "run"


def test_lists_are_substituted_and_strings_are_the_business_of_the_shell() -> None:
    variables = {"PORT": "2001"}
    assert command_line("serve ${PORT}", variables) == ("/bin/sh", "-c", "serve ${PORT}")
    assert command_line(("serve", "--port=${PORT}"), variables) == ("serve", "--port=2001")


def test_unknown_variables_and_lone_dollar_signs_stay() -> None:
    assert substitute("$PORT ${PORT} ${OTHER} 5$ $$", {"PORT": "1"}) == "1 1 ${OTHER} 5$ $"


def test_names_of_variables() -> None:
    assert variable("user-data.é") == "USER_DATA__"
