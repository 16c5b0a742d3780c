"""What each middleware of HTTP takes, by the names of Traefik 3.7."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.more_specs import JwtSpec, PluginSpec, TimeoutsSpec
from tulle.dialects.traefik.sign_in_specs import OidcSpec
from tulle.dialects.traefik.values import (
    Count,
    Flag,
    Present,
    Seconds,
    Text,
    TextMap,
    Texts,
    TraefikSpec,
    Whole,
)


class AddPrefixSpec(TraefikSpec):
    """Put something before the path."""

    prefix: Text = Field("", description="What.")


class StripPrefixSpec(TraefikSpec):
    """Take the first prefix that fits from the path."""

    prefixes: Texts = Field((), description="Prefixes, compared as text.")
    force_slash: Annotated[Flag, Refused("has no effect: a path is never empty", unless=(False,))] = Field(
        False, description="No longer used."
    )


class StripPrefixRegexSpec(TraefikSpec):
    """Take from the path what an expression matches at its beginning."""

    regex: Texts = Field((), description="Expressions (RE2).")


class ReplacePathSpec(TraefikSpec):
    """Ask for another path."""

    path: Text = Field("", description="Which.")


class ReplacePathRegexSpec(TraefikSpec):
    """Ask for another path where an expression matches."""

    regex: Text = Field("", description="The expression (RE2).")
    replacement: Text = Field("", description="What stands instead, with $1 or ${name}.")


class RedirectSchemeSpec(TraefikSpec):
    """Send clients to another scheme."""

    scheme: Text = Field("", description="https, usually.")
    port: Text = Field("", description="Its port, if it is not the usual one.")
    permanent: Flag = Field(False, description="Whether they may remember it.")


class RedirectRegexSpec(TraefikSpec):
    """Send clients elsewhere where an expression matches the whole URL."""

    regex: Text = Field("", description="The expression (RE2).")
    replacement: Text = Field("", description="Where they are sent, with $1 or ${name}.")
    permanent: Flag = Field(False, description="Whether they may remember it.")


class HeadersSpec(TraefikSpec):
    """Headers: set or removed, those of CORS, and those that make browsers careful."""

    custom_request_headers: TextMap = Field(default_factory=dict, description="Set in requests; empty: removed.")
    custom_response_headers: TextMap = Field(default_factory=dict, description="Set in answers; empty: removed.")
    access_control_allow_credentials: Flag = Field(False, description="Whether pages of others may send cookies.")
    access_control_allow_headers: Texts = Field((), description="Headers that pages of others may send.")
    access_control_allow_methods: Texts = Field((), description="Methods that pages of others may use.")
    access_control_allow_origin_list: Texts = Field((), description="Whose pages.")
    access_control_allow_origin_list_regex: Texts = Field((), description="Whose pages, as expressions (RE2).")
    access_control_expose_headers: Texts = Field((), description="Headers that pages of others may read.")
    access_control_max_age: Whole = Field(0, description="Seconds for which they may remember this.")
    add_vary_header: Flag = Field(False, description="Whether answers say that they depend on the origin.")
    allowed_hosts: Texts = Field((), description="Hosts that may be asked for.")
    hosts_proxy_headers: Texts = Field((), description="Headers that hold the host that was asked for.")
    ssl_proxy_headers: TextMap = Field(default_factory=dict, description="Headers that show that a request had TLS.")
    sts_seconds: Whole = Field(0, description="For how long browsers use TLS only.")
    sts_include_subdomains: Flag = Field(False, description="For all below the host, too.")
    sts_preload: Flag = Field(False, description="Whether it may be put into their lists.")
    force_sts_header: Flag = Field(False, alias="forceSTSHeader", description="Without TLS, too.")
    frame_deny: Flag = Field(False, description="That nobody shows it in a frame.")
    custom_frame_options_value: Text = Field("", description="Who may show it in a frame.")
    content_type_nosniff: Flag = Field(False, description="That browsers believe the type.")
    browser_xss_filter: Flag = Field(False, description="The filter of old browsers.")
    custom_browser_xss_value: Text = Field("", alias="customBrowserXSSValue", description="The same, with its value.")
    content_security_policy: Text = Field("", description="What a page may load.")
    content_security_policy_report_only: Text = Field("", description="The same, only to be reported.")
    public_key: Text = Field("", description="Keys that clients should pin.")
    referrer_policy: Text = Field("", description="How much of an address is told to others.")
    permissions_policy: Text = Field("", description="What a page may use.")
    is_development: Flag = Field(False, description="Without hosts and TLS.")
    feature_policy: Annotated[
        Text, Refused("has no effect, and none in Traefik 3: write permissionsPolicy", unless=("",))
    ] = Field("", description="No longer used: permissionsPolicy.")
    ssl_redirect: Annotated[
        Flag, Refused("has no effect, and none in Traefik 3: use the middleware redirectScheme", unless=(False,))
    ] = Field(False, description="No longer used: redirectScheme.")
    ssl_temporary_redirect: Annotated[
        Flag, Refused("has no effect, and none in Traefik 3: use the middleware redirectScheme", unless=(False,))
    ] = Field(False, description="No longer used: redirectScheme.")
    ssl_host: Annotated[
        Text, Refused("has no effect, and none in Traefik 3: use the middleware redirectRegex", unless=("",))
    ] = Field("", description="No longer used: redirectRegex.")
    ssl_force_host: Annotated[
        Flag, Refused("has no effect, and none in Traefik 3: use the middleware redirectRegex", unless=(False,))
    ] = Field(False, description="No longer used: redirectRegex.")


class IpStrategySpec(TraefikSpec):
    """Which address is that of the client."""

    depth: Count = Field(0, description="So many from the right of X-Forwarded-For; 0: the other end.")
    excluded_ips: Texts = Field((), alias="excludedIPs", description="The first from the right that is none of these.")
    ipv6_subnet: Whole | None = Field(None, alias="ipv6Subnet", description="Bits of an IPv6 address that count.")


class IpAllowListSpec(TraefikSpec):
    """Only some clients."""

    source_range: Texts = Field((), description="Addresses and CIDRs.")
    ip_strategy: Annotated[IpStrategySpec | None, Present] = Field(None, description="Which address counts.")
    reject_status_code: Whole = Field(0, description="How others are answered; 403 if not given.")


class SourceCriterionSpec(TraefikSpec):
    """What makes two requests those of one client."""

    ip_strategy: Annotated[IpStrategySpec | None, Present] = Field(None, description="The address.")
    request_header_name: Text = Field("", description="Or a header.")
    request_host: Flag = Field(False, description="Or the Host.")


class ClientTlsSpec(TraefikSpec):
    """TLS towards a server."""

    ca: Text = Field("", description="Authorities: a file, or PEM.")
    ca_optional: Annotated[Flag, Refused("has no effect, and none in Traefik 3: leave it out", unless=(False,))] = (
        Field(False, description="No longer used.")
    )
    cert: Text = Field("", description="Certificate to show.")
    key: Text = Field("", description="Its key.")
    insecure_skip_verify: Flag = Field(False, description="Whether any certificate is good.")


class RedisSpec(TraefikSpec):
    """Where counts are kept together."""

    endpoints: Texts = Field((), description="host:port.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")
    username: Text = Field("", description="User.")
    password: Text = Field("", description="Password.")
    db: Whole = Field(0, description="Number of the database.")
    pool_size: Whole = Field(0, description="Connections.")
    min_idle_conns: Annotated[Whole, Refused("has no effect: connections are kept as they are needed", unless=(0,))] = (
        Field(0, description="Connections that are kept.")
    )
    max_active_conns: Whole = Field(0, description="Connections at most.")
    read_timeout: Seconds | None = Field(None, description="3 s if not given.")
    write_timeout: Seconds | None = Field(None, description="3 s if not given.")
    dial_timeout: Seconds | None = Field(None, description="5 s if not given.")


class RateLimitSpec(TraefikSpec):
    """So many requests of one client in a time."""

    average: Count = Field(0, description="Requests in a period; 0: no limit.")
    period: Seconds = Field(1.0, description="How long it is.")
    burst: Whole = Field(1, description="Requests at once.")
    source_criterion: SourceCriterionSpec | None = Field(None, description="Who is one client; by address.")
    redis: RedisSpec | None = Field(None, description="Counted together with others.")


class InFlightReqSpec(TraefikSpec):
    """So many requests of one client at a time."""

    amount: Count = Field(0, description="How many.")
    source_criterion: SourceCriterionSpec | None = Field(None, description="Who is one client; by Host.")


class BasicAuthSpec(TraefikSpec):
    """Only with a password."""

    users: Texts = Field((), description="name:hash (bcrypt, MD5 or SHA1, as htpasswd writes them).")
    users_file: Text = Field("", description="A file of them.")
    realm: Text = Field("", description="What it is for; traefik if not given.")
    remove_header: Flag = Field(False, description="Whether the service does not see the password.")
    header_field: Text = Field("", description="A header in which it sees the name.")


class DigestAuthSpec(TraefikSpec):
    """Only with a password, which is not sent."""

    users: Texts = Field((), description="name:realm:hash (as htdigest writes them).")
    users_file: Text = Field("", description="A file of them.")
    realm: Text = Field("", description="What it is for; traefik if not given.")
    remove_header: Flag = Field(False, description="Whether the service does not see the proof.")
    header_field: Text = Field("", description="A header in which it sees the name.")


class ForwardAuthSpec(TraefikSpec):
    """Another server decides."""

    address: Text = Field("", description="Its URL.")
    tls: ClientTlsSpec | None = Field(None, description="TLS towards it.")
    trust_forward_header: Flag | None = Field(None, description="Whether X-Forwarded-* of the request are believed.")
    auth_response_headers: Texts = Field((), description="Headers of its consent that the service sees.")
    auth_response_headers_regex: Text = Field("", description="The same, as an expression (RE2).")
    auth_request_headers: Texts = Field((), description="Headers that it sees; all if not given.")
    max_response_body_size: Whole = Field(-1, description="Bytes of its answer; -1: any.")
    add_auth_cookies_to_response: Texts = Field((), description="Cookies of its consent that the client sees.")
    header_field: Annotated[Text, Refused("has no effect: names are not logged", unless=("",))] = Field(
        "", description="A header of its consent with the name of the user, for the log."
    )
    forward_body: Flag = Field(False, description="Whether it sees the body.")
    max_body_size: Whole = Field(-1, description="Bytes of the body; -1: any.")
    preserve_location_header: Flag = Field(False, description="Whether its Location stays as it is.")
    preserve_request_method: Flag = Field(False, description="Whether it is asked with the method of the request.")
    auth_signin_url: Text = Field("", alias="authSigninURL", description="Where clients go that it does not know.")


class BufferingSpec(TraefikSpec):
    """Requests and answers are read whole before they are sent on."""

    max_request_body_bytes: Count = Field(0, description="Above: 413.")
    mem_request_body_bytes: Annotated[
        Count, Refused("has no effect: bodies are kept in memory, never on disk", unless=(1048576,))
    ] = Field(1048576, description="Above: kept on disk.")
    max_response_body_bytes: Count = Field(0, description="Above: 500.")
    mem_response_body_bytes: Annotated[
        Count, Refused("has no effect: bodies are kept in memory, never on disk", unless=(1048576,))
    ] = Field(1048576, description="Above: kept on disk.")
    retry_expression: Text = Field("", description="When a request is sent again.")


class RetrySpec(TraefikSpec):
    """Requests are sent again if a server cannot be reached."""

    attempts: Whole = Field(0, description="How often in all.")
    timeout: Annotated[
        Seconds | None, Refused("has no effect: a retry begins until the attempts are used up", unless=(0.0,))
    ] = Field(None, description="For how long.")
    initial_interval: Seconds = Field(0.0, description="How long to wait first.")
    max_request_body_bytes: Annotated[
        Whole, Refused("has no effect: the buffer of the connection decides what can be sent again", unless=(2097152,))
    ] = Field(2097152, description="Bytes of a body above which nothing is sent again.")
    status: Texts = Field((), description="Statuses that are tried again, too.")
    disable_retry_on_network_error: Annotated[
        Flag, Refused("has no effect: a server that cannot be reached is always tried again", unless=(False,))
    ] = Field(False, description="Whether only they are.")
    retry_non_idempotent_method: Flag = Field(False, description="Whether POST and the like are, too.")


class CompressSpec(TraefikSpec):
    """Answers are compressed for clients that can read it."""

    encodings: Texts = Field(("gzip", "br", "zstd"), description="How, the first that fits.")
    default_encoding: Text = Field("", description="For clients that say nothing.")
    min_response_body_bytes: Count = Field(1024, description="Below: not.")
    excluded_content_types: Texts = Field((), description="Not these types.")
    included_content_types: Texts = Field((), description="Only these types.")


class ErrorsSpec(TraefikSpec):
    """A page of another service for some statuses."""

    status: Texts = Field((), description="Statuses and ranges of them.")
    status_rewrites: dict[str, Whole] = Field(default_factory=dict, description="The status that clients see instead.")
    service: Text = Field("", description="Where the page is.")
    query: Text = Field("", description="Its path, with {status}, {originalStatus} and {url}.")
    error_request_headers: Texts | None = Field(None, description="Headers that the service sees; all if not given.")


class CircuitBreakerSpec(TraefikSpec):
    """No requests for a while to a service that fails."""

    expression: Text = Field("", description="When it fails.")
    check_period: Seconds = Field(0.1, description="How often that is looked at.")
    fallback_duration: Seconds = Field(10.0, description="How long nothing is sent.")
    recovery_duration: Seconds = Field(10.0, description="How long it takes until all is sent again.")
    response_code: Whole = Field(503, description="How requests are answered meanwhile.")


class CertificateNamesSpec(TraefikSpec):
    """Parts of a name in a certificate."""

    country: Flag = Field(False, description="C.")
    province: Flag = Field(False, description="ST.")
    locality: Flag = Field(False, description="L.")
    organization: Flag = Field(False, description="O.")
    organizational_unit: Flag = Field(False, description="OU; of subjects only.")
    common_name: Flag = Field(False, description="CN.")
    serial_number: Flag = Field(False, description="SN.")
    domain_component: Flag = Field(False, description="DC.")


class CertificateInfoSpec(TraefikSpec):
    """Which parts of the certificate are told."""

    not_after: Flag = Field(False, description="Until when it counts.")
    not_before: Flag = Field(False, description="From when.")
    sans: Flag = Field(False, description="Its names.")
    serial_number: Flag = Field(False, description="Its number.")
    subject: CertificateNamesSpec | None = Field(None, description="Whose it is.")
    issuer: CertificateNamesSpec | None = Field(None, description="Who made it.")


class PassTlsClientCertSpec(TraefikSpec):
    """The service sees the certificate of the client."""

    pem: Flag = Field(False, description="All of it.")
    info: Annotated[CertificateInfoSpec | None, Present] = Field(None, description="Parts of it.")


class ContentTypeSpec(TraefikSpec):
    """A type for answers that have none, guessed from their first bytes."""

    auto_detect: Annotated[Flag | None, Refused("has no effect, and none in Traefik 3: leave it out")] = Field(
        None, description="No longer used."
    )


class EncodedCharactersSpec(TraefikSpec):
    """Paths with characters in disguise are refused."""

    allow_encoded_slash: Flag = Field(False, description="%2F")
    allow_encoded_back_slash: Flag = Field(False, description="%5C")
    allow_encoded_null_character: Flag = Field(False, description="%00")
    allow_encoded_semicolon: Flag = Field(False, description="%3B")
    allow_encoded_percent: Flag = Field(False, description="%25")
    allow_encoded_question_mark: Flag = Field(False, description="%3F")
    allow_encoded_hash: Flag = Field(False, description="%23")


class GrpcWebSpec(TraefikSpec):
    """gRPC for browsers."""

    allow_origins: Texts = Field((), description="Whose pages; * for all.")


class ChainSpec(TraefikSpec):
    """Other middlewares, one after the other."""

    middlewares: Texts = Field((), description="They.")


class MiddlewareSpec(TraefikSpec):
    """Exactly one kind of middleware."""

    add_prefix: Annotated[AddPrefixSpec | None, Present] = Field(None, description="Something before the path.")
    basic_auth: Annotated[BasicAuthSpec | None, Present] = Field(None, description="Passwords.")
    buffering: Annotated[BufferingSpec | None, Present] = Field(None, description="Read whole first.")
    chain: Annotated[ChainSpec | None, Present] = Field(None, description="Several in one.")
    circuit_breaker: Annotated[CircuitBreakerSpec | None, Present] = Field(None, description="Nothing to what fails.")
    compress: Annotated[CompressSpec | None, Present] = Field(None, description="Compressed answers.")
    content_type: Annotated[ContentTypeSpec | None, Present] = Field(None, description="Guessed types.")
    digest_auth: Annotated[DigestAuthSpec | None, Present] = Field(None, description="Passwords that are not sent.")
    encoded_characters: Annotated[EncodedCharactersSpec | None, Present] = Field(None, description="Refused paths.")
    errors: Annotated[ErrorsSpec | None, Present] = Field(None, description="Pages for errors.")
    forward_auth: Annotated[ForwardAuthSpec | None, Present] = Field(None, description="Another server decides.")
    grpc_web: Annotated[GrpcWebSpec | None, Present] = Field(None, description="gRPC for browsers.")
    headers: Annotated[HeadersSpec | None, Present] = Field(None, description="Headers.")
    jwt: Annotated[JwtSpec | None, Present] = Field(None, description="Tokens; not in Traefik's open edition.")
    oidc: Annotated[OidcSpec | None, Present] = Field(None, description="Signing in; not in Traefik's open edition.")
    timeouts: Annotated[TimeoutsSpec | None, Present] = Field(None, description="So long; not in Traefik.")
    in_flight_req: Annotated[InFlightReqSpec | None, Present] = Field(None, description="So many at a time.")
    ip_allow_list: Annotated[IpAllowListSpec | None, Present] = Field(None, description="Some clients only.")
    ip_white_list: Annotated[IpAllowListSpec | None, Present] = Field(None, description="Its name before version 3.")
    pass_tls_client_cert: Annotated[PassTlsClientCertSpec | None, Present] = Field(
        None, alias="passTLSClientCert", description="The client's certificate."
    )
    plugin: Annotated[PluginSpec | None, Present] = Field(None, description="What Traefik Hub has built in.")
    rate_limit: Annotated[RateLimitSpec | None, Present] = Field(None, description="So many in a time.")
    redirect_regex: Annotated[RedirectRegexSpec | None, Present] = Field(None, description="Elsewhere, by URL.")
    redirect_scheme: Annotated[RedirectSchemeSpec | None, Present] = Field(None, description="Another scheme.")
    replace_path: Annotated[ReplacePathSpec | None, Present] = Field(None, description="Another path.")
    replace_path_regex: Annotated[ReplacePathRegexSpec | None, Present] = Field(
        None, description="Another path, by it."
    )
    retry: Annotated[RetrySpec | None, Present] = Field(None, description="Sent again.")
    strip_prefix: Annotated[StripPrefixSpec | None, Present] = Field(None, description="Without a prefix.")
    strip_prefix_regex: Annotated[StripPrefixRegexSpec | None, Present] = Field(None, description="The same, by RE2.")


class TcpAllowListSpec(TraefikSpec):
    """Only some clients."""

    source_range: Texts = Field((), description="Addresses and CIDRs.")


class InFlightConnSpec(TraefikSpec):
    """So many connections of one client at a time."""

    amount: Count = Field(0, description="How many.")


class TcpMiddlewareSpec(TraefikSpec):
    """Exactly one kind of middleware for connections."""

    in_flight_conn: Annotated[InFlightConnSpec | None, Present] = Field(None, description="So many at a time.")
    ip_allow_list: Annotated[TcpAllowListSpec | None, Present] = Field(None, description="Some clients only.")
    ip_white_list: Annotated[TcpAllowListSpec | None, Present] = Field(None, description="Its name before version 3.")
