-- Counts by cell, term and age over all months after the first, which only says what was charged off before.
WITH defaults AS (
    SELECT tier, term_max, ltv_max, pti_max, term, age, owed, scheduled, rates, amounts
      FROM first_events WHERE begun_here),
both_kinds AS (
    SELECT tier, term_max, ltv_max, pti_max, term, age, loans, owed, scheduled, rates, amounts, prepaid,
           0 AS defaults, 0.0 AS defaulted
      FROM read_parquet($cells, filename = true) WHERE parse_filename(filename, true) > $first_name
    UNION ALL
    SELECT tier, term_max, ltv_max, pti_max, term, age, 1, owed, scheduled, rates, amounts, 0, 1, owed FROM defaults)
SELECT tier, term_max, ltv_max, pti_max, term, age::INTEGER AS age, sum(loans)::DOUBLE AS loans,
       sum(owed)::DOUBLE AS owed, sum(scheduled)::DOUBLE AS scheduled, sum(rates)::DOUBLE AS rates,
       sum(amounts)::DOUBLE AS amounts, sum(prepaid)::DOUBLE AS prepaid, sum(defaults)::DOUBLE AS defaults,
       sum(defaulted)::DOUBLE AS defaulted
  FROM both_kinds GROUP BY ALL ORDER BY ALL
