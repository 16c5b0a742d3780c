"""Providers of dynamic configuration as they are written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.traefik.values import Flag, Present, Seconds, Text, Texts, TraefikSpec


class FileProviderSpec(TraefikSpec):
    """Files."""

    filename: Text = Field("", description="One file.")
    directory: Text = Field("", description="Or all files of a folder.")
    watch: Flag = Field(True, description="Always so.")
    debug_log_generated_template: Flag = Field(False, description="Whether what templates give is logged.")


class ProvidersSpec(TraefikSpec):
    """Where dynamic configuration comes from."""

    providers_throttle_duration: Seconds = Field(2.0, description="Not needed: changes count at once.")
    precedence: Texts = Field((), description="Whose routers come first, of equal priority.")
    file: Annotated[FileProviderSpec | None, Present] = Field(None, description="Files.")
