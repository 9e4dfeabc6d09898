"""Redis as a cluster, behind Sentinels, with TLS and ACLs: real servers on loopback."""
