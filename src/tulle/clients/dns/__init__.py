"""Name servers: how records of other people's zones are looked up and changed."""
