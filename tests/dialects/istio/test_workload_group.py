from __future__ import annotations

from collections.abc import Callable

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.workloads import Template

Read = Callable[[str], Fragment]


def test_what_workloads_have_in_common(read: Read) -> None:
    spec = """
    metadata: {labels: {app: a, x: y}, annotations: {b: c}}
    template: {ports: {http: 80}, labels: {app: b}, serviceAccount: acc, weight: 1}
    """
    fragment = read(document("WorkloadGroup", spec))
    assert findings(fragment) == []
    (template,) = fragment.objects
    assert isinstance(template, Template)
    assert (template.name, template.account, template.ports) == (Name("shop", "it"), "acc", (("http", 80),))
    assert template.labels == (("app", "b"), ("x", "y"))
    assert template.replicas is None


def test_what_has_no_effect(read: Read) -> None:
    spec = """
    template: {address: a}
    probe: {httpGet: {port: 80, path: /, httpHeaders: [{name: a, value: b}]}, periodSeconds: 1}
    """
    assert findings(read(document("WorkloadGroup", spec))) == [
        '5 warning: "spec.template.address" has no effect: each workload has its own',
        '6 warning: "spec.probe" has no effect: the file that runs the workload says how it is probed',
    ]


def test_mistakes(read: Read) -> None:
    assert findings(read(document("WorkloadGroup", "{}"))) == ['4 error: "spec.template" is missing']
