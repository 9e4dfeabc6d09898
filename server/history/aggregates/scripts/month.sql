-- One row for each loan with payments in the month: the newest version of each payment, then the month's last status.
-- Of versions of one time the one in the file that was written last counts: the files come in that order.
-- Before a month's payment a loan owes what the payment left and what it repaid. If a charge-off's row does not say
-- that something was owed, the schedule's balance stands for it.
CREATE OR REPLACE TEMP TABLE seen AS
WITH newest AS (
    SELECT payment_id,
           arg_max({'loan': loan_id, 'due_on': due_on, 'status': status, 'owed': principal_cents + balance_cents,
                    'recovery': recovery_cents}, (updated_at, file_index)) AS one
      FROM (SELECT *, file_index FROM read_parquet($files, hive_partitioning = false))
     GROUP BY payment_id),
each_loan AS (
    SELECT one.loan AS loan_id,
           -- Of a day's rows the one that ends the loan.
           arg_max(one.status, (one.due_on, one.status NOT IN ('current', 'late'))) AS status,
           arg_min(one.owed, one.due_on) FILTER (one.owed > 0) AS owed,
           coalesce(sum(one.recovery), 0) AS recovery, max(one.due_on) AS due_on
      FROM newest GROUP BY one.loan)
SELECT p.loan_id, p.status, p.recovery, l.loan_id IS NULL AS orphan, coalesce(l.usable, false) AS usable,
       (year(l.originated_on) * 12 + month(l.originated_on) - 1)::INTEGER AS originated,
       l.tier, l.term_max, l.ltv_max, l.pti_max, l.term, l.rate, l.amount,
       least(greatest(date_diff('month', l.originated_on, p.due_on), 1), 120)::SMALLINT AS age,
       greatest(l.amount * CASE WHEN l.i > 0 THEN (l.growth - pow(1 + l.i, age - 1)) / (l.growth - 1)
                                ELSE 1 - (age - 1) / l.term END, 0) AS scheduled,
       CASE WHEN p.owed > 0 OR p.status <> 'charged_off' THEN coalesce(p.owed, 0) ELSE scheduled END AS owed
  FROM each_loan p LEFT JOIN loans l USING (loan_id)
