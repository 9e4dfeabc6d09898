-- One of $sampled of the month's payments, as numbers.
SELECT DISTINCT hash(payment_id) AS id
  FROM read_parquet($files, hive_partitioning = false)
 WHERE hash(payment_id) % $sampled::UBIGINT = 0
