-- Charge-offs and recoveries of the month.
SELECT loan_id, $month AS month, originated, tier, term_max, ltv_max, pti_max, term, age, owed::DOUBLE AS owed,
       scheduled::DOUBLE AS scheduled, rate::DOUBLE AS rates, amount::DOUBLE AS amounts, recovery::DOUBLE AS recovery
  FROM seen
 WHERE usable AND status = 'charged_off'
