-- The charge-off of each loan: its first row. A loan that is older than the history may have been charged off before
-- it, unless it was alive in the first month ($first), or too young then: a charge-off takes more than three months.
CREATE TABLE first_events AS
SELECT * EXCLUDE (recovery, originated), row_number() OVER () - 1 AS charge_off,
       originated > $first - 3 OR hash(loan_id) IN (SELECT loan FROM read_parquet($living)) AS begun_here
  FROM (FROM events QUALIFY row_number() OVER (PARTITION BY loan_id ORDER BY month) = 1)
 WHERE month > $first AND owed > 0
