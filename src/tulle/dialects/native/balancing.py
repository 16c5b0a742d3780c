"""How a caller's proxy chooses among the instances of a service."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tulle.dialects.fields import Count, Duration, HeaderName, Path, Percent, Several, Spec, Text, refuse, shown
from tulle.model.policies import Balance, HashOn, LoadBalancing, LocalityBalancing


class HashSpec(Spec):
    """What a request is hashed by; exactly one of header, cookie, query, source_ip."""

    header: HeaderName | None = Field(None, description="The value of this header.")
    cookie: Text | None = Field(None, description="The value of this cookie.")
    cookie_ttl: Duration | None = Field(None, description="Makes the proxy set the cookie, with this lifetime.")
    cookie_path: Path = Field("/", description="The path of a cookie that the proxy sets.")
    cookie_attributes: dict[str, Text] = Field(
        default_factory=dict, description="Attributes of a cookie that the proxy sets: SameSite: Strict."
    )
    query: Text | None = Field(None, description="The value of this query parameter.")
    source_ip: bool = Field(False, description="The address of the client.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum((bool(self.header), bool(self.cookie), bool(self.query), self.source_ip)) != 1:
            refuse("takes exactly one of header, cookie, query, source_ip")
        return self

    def model(self) -> HashOn:
        """As the model has it."""
        return HashOn(
            header=self.header or "",
            cookie=self.cookie or "",
            cookie_ttl=self.cookie_ttl,
            cookie_path=self.cookie_path,
            cookie_attributes=tuple(self.cookie_attributes.items()),
            query=self.query or "",
            source_ip=self.source_ip,
        )


def _shares(value: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    for here, shares in value.items():
        if sum(shares.values()) != 100:
            refuse(f"gives {shown(here)} shares that are not 100 together")
    return value


class NearSpec(Spec):
    """Preference for near instances; exactly one of the three. Places are region, region/zone, region/zone/subzone."""

    failover: dict[str, str] | None = Field(
        None, description="For callers of a region: the region that is used when theirs has no healthy instance."
    )
    distribute: Annotated[dict[str, dict[str, Count]], AfterValidator(_shares)] | None = Field(
        None, description="For callers of a place: the percentages of other places; they may end in *."
    )
    labels: Annotated[tuple[Text, ...], Several()] | None = Field(
        None, description="Labels of instances, the most important first: the more equal the caller's, the better."
    )
    enabled: bool = Field(True, description="Whether there is any; near: false means that.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(form is not None for form in (self.failover, self.distribute, self.labels)) > 1:
            refuse("takes only one of failover, distribute, labels")
        return self

    def model(self) -> LocalityBalancing:
        """As the model has it."""
        distribute = (self.distribute or {}).items()
        return LocalityBalancing(
            distribute=tuple((here, tuple(shares.items())) for here, shares in distribute),
            failover=tuple((self.failover or {}).items()),
            failover_priority=self.labels or (),
            is_enabled=self.enabled,
        )


def _near(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


Near = Annotated[NearSpec, BeforeValidator(_near, json_schema_input_type=bool | NearSpec)]


class LoadBalancingSpec(Spec):
    """How a caller's proxy chooses among the instances."""

    balance: Literal["least_request", "round_robin", "random", "ring_hash", "maglev", "passthrough"] = Field(
        "least_request", description="The way of choosing; passthrough is to the address that was called."
    )
    hash_on: HashSpec | None = Field(None, description="For ring_hash and maglev: what decides.")
    slow_start: Duration = Field(0.0, description="How long a new instance is warmed up.")
    slow_start_aggression: Annotated[float, Field(gt=0, strict=False)] = Field(
        1.0, description="How quickly; more than 1 is quicker at first."
    )
    slow_start_minimum: Percent = Field(10.0, description="The share of the calls that it gets at least, in percent.")
    minimum_ring_size: Annotated[int, Field(ge=1, le=8_388_608)] | None = Field(
        None, description="For ring_hash: places on the ring."
    )
    table_size: Annotated[int, Field(ge=3, le=5_000_011)] | None = Field(
        None, description="For maglev: a prime number."
    )
    near: Near | None = Field(
        None, description="Prefers near instances; true for those of the same zone and region, false for never."
    )

    @model_validator(mode="after")
    def _hashes(self) -> Self:
        needs = self.balance in {"ring_hash", "maglev"}
        if needs and self.hash_on is None:
            refuse(f"with {self.balance} needs hash_on")
        if not needs and self.hash_on is not None:
            refuse("takes hash_on only with ring_hash or maglev")
        return self

    def model(self) -> LoadBalancing:
        """As the model has it."""
        return LoadBalancing(
            balance=Balance(self.balance),
            hash_on=self.hash_on.model() if self.hash_on is not None else None,
            slow_start=self.slow_start,
            slow_start_aggression=self.slow_start_aggression,
            slow_start_minimum_percent=self.slow_start_minimum,
            minimum_ring_size=self.minimum_ring_size,
            table_size=self.table_size,
            locality=self.near.model() if self.near is not None else None,
        )


def _balance(value: object) -> object:
    return {"balance": value} if isinstance(value, str) else value


Balancing = Annotated[LoadBalancingSpec, BeforeValidator(_balance, json_schema_input_type=str | LoadBalancingSpec)]
