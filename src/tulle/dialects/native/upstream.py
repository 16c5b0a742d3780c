"""Limits, health and connections towards a service, as the proxies of its callers keep them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import (
    Count,
    File,
    Host,
    Path,
    Percent,
    PortNumber,
    PositiveCount,
    PositiveDuration,
    Several,
    Spec,
    Text,
    refuse,
    shown,
)
from tulle.dialects.native.running import SecretName, absolute
from tulle.model.names import Name
from tulle.model.policies import (
    CircuitBreaker,
    ClientTls,
    ConnectionPool,
    HealthCheck,
    Keepalive,
    OutlierDetection,
    RetryBudget,
    TlsMode,
    Tunnel,
)


class RetryBudgetSpec(Spec):
    """Retries at the same time, as a share of the requests at the same time."""

    percent: Percent = Field(20.0, description="The share.")
    minimum: Count = Field(3, description="Retries that are always allowed.")


class CircuitBreakerSpec(Spec):
    """Upper limits of one caller's proxy; what is above is answered 503 at once."""

    max_connections: Count | None = Field(None, description="Open connections.")
    max_pending_requests: Count | None = Field(None, description="Requests that wait for a connection.")
    max_requests: Count | None = Field(None, description="Requests at the same time.")
    max_retries: Count | None = Field(None, description="Retries at the same time.")
    retry_budget: RetryBudgetSpec | None = Field(None, description="Instead of max_retries: a share of the requests.")

    def model(self) -> CircuitBreaker:
        """As the model has it."""
        budget = self.retry_budget
        return CircuitBreaker(
            max_connections=self.max_connections,
            max_pending_requests=self.max_pending_requests,
            max_requests=self.max_requests,
            max_retries=self.max_retries,
            retry_budget=RetryBudget(percent=budget.percent, minimum=budget.minimum) if budget is not None else None,
        )


class OutlierDetectionSpec(Spec):
    """An instance that fails is left out for a while."""

    consecutive_5xx: Count = Field(5, description="Answers 5xx in a row; 0 to not count them.")
    consecutive_gateway_errors: Count | None = Field(None, description="Answers 502, 503, 504 in a row.")
    interval: PositiveDuration = Field(10.0, description="How often is looked.")
    ejection_time: PositiveDuration = Field(30.0, description="How long it is left out, the first time.")
    max_ejection_percent: Annotated[int, Field(ge=0, le=100)] = Field(50, description="How many at most.")
    min_health_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="With fewer healthy ones than that, all are used."
    )
    consecutive_local_failures: PositiveCount | None = Field(
        None, description="Failures to connect in a row, counted apart from answers."
    )
    error_codes: Annotated[tuple[Annotated[int, Field(ge=100, le=599)], ...], Several()] = Field(
        (), description="Status codes that count as errors beside 5xx."
    )

    def model(self) -> OutlierDetection:
        """As the model has it."""
        splits = self.consecutive_local_failures is not None
        return OutlierDetection(splits_local_errors=splits, **self.model_dump())


class HealthCheckSpec(Spec):
    """Checks that proxies make on instances that nobody here runs."""

    path: Path | Literal[""] = Field("", description="HTTP path; a TCP connection if not given.")
    interval: PositiveDuration = Field(5.0, description="How often.")
    timeout: PositiveDuration = Field(1.0, description="How long an answer may take.")
    unhealthy_after: PositiveCount = Field(3, description="Failures in a row until it is left out.")
    healthy_after: PositiveCount = Field(1, description="Successes in a row until it is used again.")

    def model(self) -> HealthCheck:
        """As the model has it."""
        return HealthCheck(**self.model_dump())


def _check(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


Checked = Annotated[HealthCheckSpec, BeforeValidator(_check, json_schema_input_type=str | HealthCheckSpec)]


class KeepaliveSpec(Spec):
    """Signs of life on idle connections; what is not given is as the system has it."""

    time: PositiveDuration | None = Field(None, description="Silence before the first.")
    interval: PositiveDuration | None = Field(None, description="Time between them.")
    probes: PositiveCount | None = Field(None, description="How many stay unanswered until it is closed; TCP only.")
    timeout: PositiveDuration | None = Field(None, description="How long an answer may take; HTTP/2 only.")

    def model(self) -> Keepalive:
        """As the model has it."""
        return Keepalive(probes=self.probes, time=self.time, interval=self.interval, timeout=self.timeout)


class ConnectionsSpec(Spec):
    """How connections are made and kept, beyond their number."""

    lifetime: PositiveDuration | None = Field(None, description="After which a connection is not used any more.")
    requests: PositiveCount | None = Field(None, description="Requests after which it is not used any more.")
    streams: PositiveCount | None = Field(None, description="HTTP/2: requests at the same time on one of them.")
    upgrade_to_http2: bool | None = Field(None, description="Whether HTTP/2 is spoken where a port says http.")
    use_client_protocol: bool = Field(False, description="Whether the HTTP version of the caller is kept.")
    tcp_keepalive: KeepaliveSpec | None = Field(None, description="TCP's signs of life.")
    http2_keepalive: KeepaliveSpec | None = Field(None, description="HTTP/2's signs of life.")
    tcp_idle_timeout: PositiveDuration | None = Field(None, description="TCP services: silence until it is closed.")

    def model(self) -> ConnectionPool:
        """As the model has it."""
        return ConnectionPool(
            max_connection_duration=self.lifetime,
            tcp_keepalive=self.tcp_keepalive.model() if self.tcp_keepalive is not None else None,
            http2_keepalive=self.http2_keepalive.model() if self.http2_keepalive is not None else None,
            max_requests_per_connection=self.requests,
            max_concurrent_streams=self.streams,
            upgrade_to_http2=self.upgrade_to_http2,
            use_client_protocol=self.use_client_protocol,
            tcp_idle_timeout=self.tcp_idle_timeout,
        )


class ClientTlsSpec(Spec):
    """TLS that callers' proxies speak to it. Files are on the hosts of the callers."""

    mode: Literal["simple", "mutual", "mesh", "disable"] | None = Field(
        None, description="simple, or mutual with certificate and key; mesh for the certificates of the mesh; disable."
    )
    certificate: File | None = Field(None, description="The chain that callers show (PEM file).")
    key: File | None = Field(None, description="Its private key (PEM file).")
    ca: File | None = Field(None, description="Who signed its certificate (PEM file); the system's list if not given.")
    secret: SecretName | None = Field(
        None, description="Instead of files: a Secret with ca.crt, for mutual with tls.crt and tls.key too."
    )
    ca_maps: Annotated[tuple[SecretName, ...], Several()] = Field(
        (), description="Instead of ca: ConfigMaps with ca.crt."
    )
    crl: File | None = Field(None, description="Certificates that are not good any more (PEM file).")
    server_name: Host | None = Field(None, description="The name that is asked for (SNI); the host if not given.")
    names: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="Names of which its certificate must have one; the host if not given."
    )
    insecure: bool = Field(False, description="Whether its certificate is not looked at.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            refuse("needs both certificate and key")
        if self.mode == "mutual" and self.certificate is None and self.secret is None:
            refuse("with mode mutual needs certificate and key, or secret")
        if self.secret is not None and (self.certificate is not None or self.ca is not None):
            refuse("takes only one of secret, files")
        if self.mode in {"simple", "mesh", "disable"} and self.certificate is not None:
            refuse("takes certificate and key only with mode mutual")
        return self

    def model(self, folder: str, namespace: str) -> ClientTls:
        """As the model has it; files of the document start at `folder`, secrets are looked for in `namespace`."""
        mutual = "mutual" if self.certificate is not None else "simple"
        return ClientTls(
            mode=TlsMode(self.mode or mutual),
            certificate_file=absolute(folder, self.certificate) if self.certificate is not None else "",
            key_file=absolute(folder, self.key) if self.key is not None else "",
            ca_file=absolute(folder, self.ca) if self.ca is not None else "",
            secret=Name.parse(self.secret, namespace) if self.secret is not None else None,
            ca_maps=tuple(Name.parse(each, namespace) for each in self.ca_maps),
            server_name=self.server_name or "",
            subject_alt_names=self.names,
            skips_verification=self.insecure,
            crl_file=absolute(folder, self.crl) if self.crl is not None else "",
        )


def _tls(value: object) -> object:
    if value is True:
        return {"mode": "simple"}
    return {"mode": value} if isinstance(value, str) else value


Encrypted = Annotated[ClientTlsSpec, BeforeValidator(_tls, json_schema_input_type=bool | str | ClientTlsSpec)]


class TunnelSpec(Spec):
    """A place that an HTTP proxy is asked for."""

    host: Text = Field(description="Its host.")
    port: PortNumber = Field(description="Its port.")
    post: bool = Field(False, description="Whether POST is used instead of CONNECT.")

    def model(self) -> Tunnel:
        """As the model has it."""
        return Tunnel(host=self.host, port=self.port, uses_post=self.post)


def _tunnel(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal():
        refuse(f"must be a place such as db.example.org:5432, not {shown(value)}")
    return {"host": host.strip("[]"), "port": int(port)}


Tunnelled = Annotated[TunnelSpec, BeforeValidator(_tunnel, json_schema_input_type=str | TunnelSpec)]
