-- What the month adds to each cell. Loans that are charged off are counted from the events: only the first one counts.
SELECT tier, term_max, ltv_max, pti_max, term, age, count(*) AS loans, sum(owed)::DOUBLE AS owed,
       sum(scheduled)::DOUBLE AS scheduled, sum(rate)::DOUBLE AS rates, sum(amount)::DOUBLE AS amounts,
       count(*) FILTER (status = 'prepaid' AND age < term) AS prepaid,
       sum(CASE WHEN status = 'prepaid' AND age < term THEN owed ELSE 0 END)::DOUBLE AS prepaid_owed,
       count(*) FILTER (status = 'late') AS late
  FROM seen
 WHERE usable AND status <> 'charged_off' AND owed > 0
 GROUP BY ALL
