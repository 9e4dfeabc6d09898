"""Payment history as Parquet files, its monthly aggregates, and the risk curves estimated from them."""
