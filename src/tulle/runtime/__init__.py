"""Running workloads on this host: instances, their readiness, their replacement."""
