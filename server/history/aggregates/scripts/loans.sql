-- The newest version of every loan, with the edges of its band. An unknown share is in the last band, as in valuation.
-- A loan whose tier, term, amount or rate cannot be used is kept: its payments do not count, but their loan is known.
CREATE OR REPLACE TABLE loans AS
WITH newest AS (
    SELECT loan_id,
           arg_max({'originated_on': originated_on, 'term': term_months, 'amount': amount_cents, 'rate': rate_bp,
                    'worth': value_cents, 'tier': tier, 'pti': pti_bp}, (updated_at, file_index)) AS one
      FROM (SELECT *, file_index FROM read_parquet($files, hive_partitioning = false))
     GROUP BY loan_id)
SELECT newest.loan_id, one.originated_on AS originated_on, one.term AS term, one.amount AS amount, one.rate AS rate,
       one.rate / 120000.0 AS i, pow(1 + one.rate / 120000.0, one.term) AS growth,
       one.tier AS tier,
       coalesce(e.tier IS NOT NULL AND one.amount > 0 AND one.term BETWEEN 1 AND 120 AND one.rate >= 0, false) AS usable,
       coalesce(list_min(list_filter(e.terms, lambda x: x >= one.term)), e.terms[-1]) AS term_max,
       coalesce(CASE WHEN one.worth > 0
                     THEN list_min(list_filter(e.ltvs, lambda x: one.amount * 10000.0 <= x * one.worth)) END,
                e.ltvs[-1]) AS ltv_max,
       coalesce(list_min(list_filter(e.ptis, lambda x: one.pti <= x)), e.ptis[-1]) AS pti_max
  FROM newest LEFT JOIN edges e ON e.tier = one.tier
 ORDER BY originated_on
