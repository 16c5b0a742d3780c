from __future__ import annotations

from tulle.dialects.istio.mesh_config_schema import DefaultConfig, MeshConfig
from tulle.dialects.objects import refused


def test_fields_have_the_names_of_istio() -> None:
    names = {each.alias for each in MeshConfig.model_fields.values()}
    assert {"meshMTLS", "enableAutoMtls", "h2UpgradePolicy", "localityLbSetting", "defaultHttpRetryPolicy"} <= names
    assert {"fileFlushMinSizeKb", "caCertificatesPem"} <= {each.alias for each in DefaultConfig.model_fields.values()}


def test_what_changes_nothing_is_no_finding() -> None:
    fine = {"enableAutoMtls": True, "h2UpgradePolicy": "UPGRADE"}
    assert list(refused(MeshConfig.model_validate(fine))) == []
    other = {"enableAutoMtls": False, "h2UpgradePolicy": "DO_NOT_UPGRADE"}
    assert len(list(refused(MeshConfig.model_validate(other)))) == 2
