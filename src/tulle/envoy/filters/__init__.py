"""HTTP filters, one file each; a new one is one new file with a `FILTER` in it (`tulle.envoy.filters.registry`)."""
