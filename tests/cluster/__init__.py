"""What takes several servers: clusters, proxies, replicas, poolers. ``make cluster-test`` runs it."""
