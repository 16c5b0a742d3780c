from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, versions: {v1: {command: x}}}}"


def test_a_host_is_that_of_a_service_or_not() -> None:
    desk = Desk()
    (finding,) = desk.put("dr.yaml", written("DestinationRule", "x", "{host: web}"))
    assert "does not exist, so nothing is called as this document says" in finding
    assert not desk.put("web.yaml", WEB)
    assert not desk.put("dr.yaml", written("DestinationRule", "x", "{host: '*.default.svc.cluster.local'}"))
    assert desk.put("dr.yaml", written("DestinationRule", "x", "{host: '*.other.svc.cluster.local'}"))
    assert not desk.put("dr.yaml", written("DestinationRule", "x", "{host: '*'}"))


def test_a_subset_has_workloads_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    spec = "{host: web, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}"
    (finding,) = desk.put("dr.yaml", written("DestinationRule", "x", spec))
    assert 'subset "v2" is empty' in finding and "there are version=v1" in finding
    assert not desk.put("web.yaml", WEB.replace("v1: {command: x}", "v1: {command: x}, v2: {command: x}"))


def test_nobody_at_all_is_no_mistake_of_subsets() -> None:
    desk = Desk()
    desk.put("web.yaml", written("Service", "web", "{selector: {app: web}, ports: [{port: 80}]}"))
    spec = "{host: web, subsets: [{name: v1, labels: {version: v1}}]}"
    assert [each for each in desk.put("dr.yaml", written("DestinationRule", "x", spec)) if "subset" in each] == []


def test_workloads_that_demand_mutual_tls_are_not_called_otherwise() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    (finding,) = desk.put(
        "dr.yaml", written("DestinationRule", "x", "{host: web, trafficPolicy: {tls: {mode: DISABLE}}}")
    )
    assert 'port 8000 of service "web" called by no TLS, and web-v1.default takes only mutual TLS' in finding
    permissive = written("PeerAuthentication", "p", "{mtls: {mode: PERMISSIVE}}")
    assert not desk.put("peers.yaml", permissive)
    assert desk.put("peers.yaml", "")
    simple = "{host: web, trafficPolicy: {portLevelSettings: [{port: {number: 8000}, tls: {mode: SIMPLE}}]}}"
    (finding,) = [each for each in desk.put("dr.yaml", written("DestinationRule", "x", simple)) if "called by" in each]
    assert "by TLS without the certificates of the mesh" in finding
    mesh = written("DestinationRule", "x", "{host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}")
    assert not desk.put("dr.yaml", mesh)
    assert desk.afresh() == desk.update()


def test_secrets_of_clients_are_there_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", f"{WEB}\nmesh: {{mtls: permissive}}")
    tls = "tls: {mode: MUTUAL, credentialName: c}"
    subset = f"{{name: v1, labels: {{version: v1}}, trafficPolicy: {{{tls}}}}}"
    spec = f"{{host: web, trafficPolicy: {{{tls}}}, subsets: [{subset}]}}"
    (finding,) = desk.put("dr.yaml", written("DestinationRule", "x", spec))
    assert 'secret "c" does not exist; these calls fail' in finding
    head = "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\n"
    secret = f"{head}type: kubernetes.io/tls\ndata: {{tls.crt: YQ==, tls.key: YQ==}}"
    assert not desk.put("secret.yaml", secret)


def test_of_two_for_one_host_the_first_says_it() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    one = "{host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}"
    desk.put("a.yaml", written("DestinationRule", "a", one))
    (finding,) = desk.put("b.yaml", written("DestinationRule", "b", one))
    assert finding.startswith("b.yaml:4: warning: DestinationRule b: its trafficPolicy is not used: DestinationRule a")
    assert not desk.put("b.yaml", written("DestinationRule", "b", one, "other").replace("host: web", "host: '*'"))
    selected = one.replace("host", "workloadSelector: {matchLabels: {app: web}}, host")
    assert not desk.put("b.yaml", written("DestinationRule", "b", selected))


def test_ports_are_those_of_the_service() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    spec = "{host: web, trafficPolicy: {portLevelSettings: [{port: {number: %s}, tls: {mode: ISTIO_MUTUAL}}]}}"
    assert not desk.put("dr.yaml", written("DestinationRule", "x", spec % 8000))
    (finding,) = desk.put("dr.yaml", written("DestinationRule", "x", spec % 1))
    assert 'it says how port 1 is called, and service "web" has 8000' in finding


def test_keys_stay_in_their_namespace() -> None:
    desk = Desk()
    rule = "{host: api.test, exportTo: [%s], trafficPolicy: {tls: {mode: MUTUAL, credentialName: key}}}"
    desk.put("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: here}\ndata: {}\n")
    desk.put("here.yaml", "workloads: {here: {namespace: here, command: x}}")
    entry = "{hosts: [api.test], exportTo: [%s], resolution: DNS, ports: [{number: 80, name: http}]}"
    desk.put("entry.yaml", written("ServiceEntry", "api", entry % "'*'", "here"))
    assert not desk.put("rule.yaml", written("DestinationRule", "api", rule % "'*'", "here"))
    (finding,) = desk.put("there.yaml", "workloads: {there: {namespace: there, command: x}}")
    assert 'sidecars of other namespaces (there) do not get the key of secret "key": their calls fail' in finding
    assert not desk.put("entry.yaml", written("ServiceEntry", "api", entry % ".", "here"))
    desk.put("entry.yaml", written("ServiceEntry", "api", entry % "'*'", "here"))
    assert not desk.put("rule.yaml", written("DestinationRule", "api", rule % ".", "here"))
    for more in ("workloadSelector: {matchLabels: {app: x}}, host", "host"):
        selecting = (rule % "'*'").replace("host", more, 1)
        assert bool(desk.put("rule.yaml", written("DestinationRule", "api", selecting, "here"))) is (more == "host")
    assert not desk.put(
        "rule.yaml", written("DestinationRule", "api", (rule % "'*'").replace("MUTUAL", "SIMPLE"), "here")
    )
    assert not desk.put("there.yaml", "")
