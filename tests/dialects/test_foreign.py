from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects import registry
from tulle.model.documents import Document

Write = Callable[..., Document]


@pytest.mark.parametrize(
    ("version", "kind", "subject"),
    [
        ("autoscaling/v2", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler web"),
        ("v1", "PersistentVolumeClaim", "PersistentVolumeClaim web"),
        ("rbac.authorization.k8s.io/v1", "Role", "Role web"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "CustomResourceDefinition web"),
        ("policy/v1", "PodDisruptionBudget", "PodDisruptionBudget web"),
        ("serving.knative.dev/v1", "Service", "Service web"),
        ("networking.x-k8s.io/v1alpha1", "XOther", "XOther web"),
        ("monitoring.coreos.com/v1", "ServiceMonitor", "ServiceMonitor web"),
        ("apps/v1", "ControllerRevision", "ControllerRevision web"),
    ],
)
def test_what_says_nothing_of_traffic_is_left_alone(write: Write, version: str, kind: str, subject: str) -> None:
    parts, (finding,) = registry.split(write(f"# x\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}"))
    assert not parts and not finding.is_error and finding.origin.line == 2
    assert finding.message == f"{subject} is left alone: nothing here reads it"


def test_a_target_alone_makes_no_policy(write: Write) -> None:
    text = "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nspec: {targetRef: {}}"
    _, (finding,) = registry.split(write(text))
    assert finding.message == "VerticalPodAutoscaler is left alone: nothing here reads it"


def test_a_name_may_be_missing(write: Write) -> None:
    _, (finding,) = registry.split(write("apiVersion: v1\nkind: Status"))
    assert finding.message == "Status is left alone: nothing here reads it"


def test_what_people_rely_on_has_words_of_its_own(write: Write) -> None:
    _, (finding,) = registry.split(write("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}"))
    assert not finding.is_error and finding.message == (
        "NetworkPolicy a is not enforced: nothing here filters packets; say who may call with an AuthorizationPolicy "
        "or allow"
    )


@pytest.mark.parametrize(
    ("version", "kind", "spec", "reason"),
    [
        ("rbac.istio.io/v1alpha1", "ClusterRbacConfig", "{mode: 'ON'}", "Istio has no such policies any more"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "{}", "nothing here filters packets"),
        ("gateway.example.org/v1", "SecurityPolicy", "{targetRefs: []}", "policies of gateway.example.org are not"),
        ("gateway.example.org/v1", "SecurityPolicy", "{targetRef: {}}", "policies of gateway.example.org are not"),
    ],
)
def test_policies_that_nobody_enforces_are_named(write: Write, version: str, kind: str, spec: str, reason: str) -> None:
    _, (finding,) = registry.split(write(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}"))
    assert not finding.is_error and finding.message.startswith(f"{kind} a is not enforced: {reason}")


@pytest.mark.parametrize(
    ("version", "kind", "hint"),
    [
        ("apps/v1", "Deploymnet", '; did you mean "Deployment"?'),
        ("v1", "Pods", '; did you mean "Pod"?'),
        ("v1", "service", '; did you mean "Service"?'),
        ("networking.k8s.io/v1", "Ingres", '; did you mean "Ingress"?'),
        ("networking.k8s.oi/v1", "Ingress", '; did you mean "networking.k8s.io"?'),
        ("app/v1", "Deployment", '; did you mean "apps"?'),
        ("v1", "Deployment", '; did you mean apiVersion "apps/v1"?'),
        ("extensions/v1beta1", "Ingress", '; did you mean apiVersion "networking.k8s.io/v1"?'),
        ("networking.k8s.io/v1", "EndpointSlice", '; did you mean apiVersion "discovery.k8s.io/v1"?'),
        ("V1", "Unheard", ""),
        ("networking.k8s.io", "Ingress", ""),
        ("v1", "a b", ""),
        ("1", "Service", ""),
    ],
)
def test_what_was_mistyped_is_a_mistake(write: Write, version: str, kind: str, hint: str) -> None:
    parts, (finding,) = registry.split(write(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}"))
    assert not parts and finding.is_error
    assert finding.message == f'nothing here reads kind "{kind}" of apiVersion "{version}"{hint}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Secret", 'Secret has no apiVersion; write apiVersion "v1"'),
        ("kind: Unheard\nmetadata: {name: a}", "Unheard a has no apiVersion"),
        ("apiVersion: v1", 'nothing here reads kind "" of apiVersion "v1"'),
        ("kind: 1", 'nothing here reads kind "1" of apiVersion ""'),
    ],
)
def test_half_of_a_frame_is_a_mistake(write: Write, text: str, message: str) -> None:
    _, (finding,) = registry.split(write(text))
    assert finding.is_error and finding.message == message
