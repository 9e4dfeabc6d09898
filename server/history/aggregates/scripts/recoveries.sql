-- Each charge-off with what was recovered by lag in months; a charge-off without a recovery has one row without a lag.
SELECT first.tier, first.charge_off, first.owed, $last - first.month AS seen_for,
       (e.month - first.month)::INTEGER AS lag, e.recovery
  FROM first_events first
  LEFT JOIN events e ON e.loan_id = first.loan_id AND e.month >= first.month AND e.recovery <> 0
 WHERE first.begun_here
