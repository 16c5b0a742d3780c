"""Who is who: names of workloads, the authority that vouches for them, and how a host gets in."""
