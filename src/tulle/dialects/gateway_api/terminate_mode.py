"""`gateway.istio.io/tls-terminate-mode`: the option by which Istio's gateways ask clients for certificates."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.gateway_api.admission import Problem
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Certificate, ClientCertificates, ClientTrust

OPTION = "gateway.istio.io/tls-terminate-mode"
HANDLING = {"MUTUAL": ClientCertificates.REQUIRED, "OPTIONAL_MUTUAL": ClientCertificates.OPTIONAL}
SIMPLE = "SIMPLE"
Trusted = tuple[ClientTrust | None, tuple[Problem, ...]]


def trusted(
    part: Written, path: tuple[Step, ...], options: dict[str, str], certificates: Sequence[Certificate], usual: Trusted
) -> Trusted:
    """Whose client certificates are good at a listener, where the option says it; elsewhere the usual.

    The authority stands in the secret of the first certificate (`ca.crt`), or in that with `-cacert` after its name.
    What is asked for and cannot be done closes the listener: nobody is let in who should have been asked.
    """
    mode = options.get(OPTION)
    others = [key for key in options if key != OPTION]
    if others:
        part.warning((*path, others[0]), "has no effect: options of other implementations are unknown here")
    if mode is None or mode == SIMPLE:
        return usual
    first = next((each.secret for each in certificates if each.secret is not None), None)
    if mode not in HANDLING or first is None:
        message = f"{mode} is no way to end TLS here; known are {SIMPLE}, {', '.join(HANDLING)}"
        if first is None:
            message = f"{mode} needs a Secret with a certificate"
        part.warning((*path, OPTION), f"cannot be done, so that nothing listens: {message}")
        return None, (("Programmed", "Invalid", message),)
    trust = ClientTrust(
        handling=HANDLING[mode], secrets=(first,), searches_root=True, referrer=certificates[0].referrer
    )
    return trust, ()
