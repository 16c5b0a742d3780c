from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tests.flow.certificates.making import DIRECTORY, NOW, certificate, known
from tulle.clients.acme.problems import Trouble
from tulle.flow.certificates.kept import Certificate, fingerprint, identity
from tulle.flow.certificates.planning import Known, Plan, plan
from tulle.model.documents import Origin
from tulle.model.findings import Severity
from tulle.model.resolvers import DnsChallenge, HttpChallenge, Resolver, Server, WantedCertificate

LE = Resolver(name="le", server=Server(directory=DIRECTORY), http=HttpChallenge())
DNS = replace(LE, name="dns", http=None, dns=DnsChallenge(provider="exec"))
HERE = Origin("file", "routers.yml")


def planned(
    *wishes: str,
    there: Mapping[str, Known] | None = None,
    now: datetime = NOW,
    resolver: str = "le",
    resolvers: tuple[Resolver, ...] = (LE, DNS),
    unusable: Mapping[str, str] | None = None,
    provided: tuple[str, ...] = (),
) -> Plan:
    wanted = [WantedCertificate(resolver=resolver, domains=tuple(wish.split()), origin=HERE) for wish in wishes]
    return plan({each.name: each for each in resolvers}, wanted, there or {}, unusable or {}, frozenset(provided), now)


def said(found: Plan) -> list[str]:
    return [finding.message for finding in found.findings]


def test_what_is_missing_is_obtained_now_and_once() -> None:
    found = planned("a.example b.example", "A.example b.example.", "c.example")
    assert [(each.identity, each.domains, each.due) for each in found.tasks] == [
        (identity("le", ("a.example", "b.example")), ("a.example", "b.example"), NOW),
        (identity("le", ("c.example",)), ("c.example",), NOW),
    ]
    assert (found.served, found.findings) == ({}, ())


def test_what_is_there_serves_and_is_renewed() -> None:
    there = known(certificate("a.example"))
    found = planned("a.example", there=there)
    name = identity("le", ("a.example",))
    assert found.served == {("le", ("a.example",)): name}
    (task,) = found.tasks
    assert NOW + timedelta(days=60) < task.due < NOW + timedelta(days=62)
    late = planned("a.example", there=there, now=NOW + timedelta(days=91))
    assert (late.served, late.tasks[0].due) == ({}, NOW + timedelta(days=91))


def test_a_certificate_that_has_every_name_serves_instead() -> None:
    long, short = certificate("*.example"), certificate("a.example", "b.example", lifetime=timedelta(days=9))
    there = known(long, short, certificate("b.example", resolver="other"))
    found = planned("b.example", there=there)
    assert found.served == {("le", ("b.example",)): identity("le", ("*.example",))}, "the one that ends last"
    assert [each.domains for each in found.tasks] == [("*.example",)], "and is renewed"
    assert planned("b.example c.other", there=there).tasks[0].domains == ("b.example", "c.other")


def test_what_documents_have_certificates_for_needs_none() -> None:
    assert planned("a.example x.b.example", provided=("a.example", "*.b.example")).tasks == ()
    assert planned("a.example c.example", provided=("a.example",)).tasks[0].domains == ("a.example", "c.example")


def test_what_can_never_be_obtained_is_said() -> None:
    assert said(planned("a.example", resolver="dn")) == ['there is no certificate resolver "dn"; did you mean "dns"?']
    assert said(planned("")) == ['resolver "le" gets no certificate: neither the rule nor tls.domains names a host']
    assert said(planned("*.a.example")) == [
        'resolver "le" gets no certificate for *.a.example: wildcards need a dnsChallenge'
    ]
    assert planned("*.a.example", resolver="dns").tasks
    for wish in ("*", "*.*.example", "a.*.example"):
        found = planned(wish, resolver="dns")
        assert (found.tasks, len(found.findings)) == ((), 1)
    assert all(finding.severity is Severity.ERROR for finding in found.findings)
    assert found.findings[0].origin is HERE


def test_a_resolver_that_cannot_work_serves_what_there_is() -> None:
    found = planned("a.example", there=known(certificate("a.example")), unusable={"le": "it has no challenge"})
    assert (found.tasks, len(found.served), said(found)) == ((), 1, ["it has no challenge"])


def failed(**more: object) -> Certificate:
    usual = Certificate(
        resolver="le",
        domains=("a.example",),
        failures=1,
        problem="it is away",
        trouble=Trouble.AWAY,
        retry=NOW + timedelta(hours=1),
        settings=fingerprint(LE),
    )
    return replace(usual, **more)  # type: ignore[arg-type]


def test_what_failed_is_tried_again_later_and_said() -> None:
    found = planned("a.example", there=known(failed()))
    assert found.tasks[0].due == NOW + timedelta(hours=1)
    assert said(found) == [
        f"the certificate for a.example cannot be obtained from {DIRECTORY}: it is away; "
        "it is tried again at 2026-01-01 01:00:00 UTC"
    ]
    changed = planned("a.example", there=known(failed(settings="other")))
    assert changed.tasks[0].due == NOW, "with other settings at once"


def test_an_old_certificate_serves_while_a_new_one_cannot_be_obtained() -> None:
    old = certificate("a.example", lifetime=timedelta(days=1))
    there = known(failed(chain=old.chain, key=old.key, retry=NOW + timedelta(hours=20)))
    found = planned("a.example", there=there, now=NOW + timedelta(hours=19))
    assert len(found.served) == 1
    assert "the one that ends at 2026-01-02 00:00 UTC still counts" in said(found)[0]


def test_a_certificate_of_another_authority_serves_until_there_is_one_of_this() -> None:
    there = known(replace(certificate("a.example"), authority="https://staging.example"))
    found = planned("a.example", there=there)
    assert (found.tasks[0].due, len(found.served)) == (NOW, 1)
    unknown = planned("a.example", there=known(replace(certificate("a.example"), authority="")))
    assert unknown.tasks[0].due > NOW


def test_limits_count_over_all_certificates_of_a_resolver() -> None:
    real = replace(LE, server=Server())
    busy = replace(certificate("b.example"), orders=(NOW,) * 250)
    found = planned("a.example", there=known(busy), resolvers=(real,))
    assert found.tasks[0].due == NOW + timedelta(hours=3)


def test_what_was_just_obtained_is_not_ordered_at_once_again_where_a_clock_is_wrong() -> None:
    for late in (timedelta(days=80), timedelta(days=100)):
        now = NOW + late
        there = known(replace(certificate("a.example"), orders=(now - timedelta(minutes=1),)))
        found = planned("a.example", there=there, now=now)
        assert found.tasks[0].due == now + timedelta(minutes=59)
        assert [sentence.partition(";")[2][:41] for sentence in said(found)] == (
            [" is the clock of this machine right? it is"[:41]] if late.days > 90 else []
        )
        after = planned("a.example", there=there, now=now + timedelta(hours=1))
        assert (after.tasks[0].due, after.findings) == (now + timedelta(hours=1), ())
    there = known(replace(certificate("a.example"), orders=(NOW,), authority="https://other.example"))
    assert planned("a.example", there=there, now=NOW).tasks[0].due == NOW, "another authority is asked at once"
