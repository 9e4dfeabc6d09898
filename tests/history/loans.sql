-- Loans of the drawn kinds, each with the age and the way in which it ends. Uniform variables are hashes of its number.
CREATE TABLE loans AS
WITH drawn AS (
    SELECT i, (i * $over // $loans)::INTEGER AS start,
           hash(i * 16 + 1 + $seed::BIGINT * 1000000007) / 18446744073709551616.0 AS of_kind,
           hash(i * 16 + 2 + $seed::BIGINT * 1000000007) / 18446744073709551616.0 AS of_end,
           hash(i * 16 + 3 + $seed::BIGINT * 1000000007) / 18446744073709551616.0 AS of_amount
      FROM range($loans) r(i)),
chosen AS (SELECT drawn.*, kinds.* EXCLUDE (low) FROM drawn ASOF JOIN kinds ON drawn.of_kind >= kinds.low)
SELECT printf('L%09d', i) AS loan_id, start, ($first::DATE + to_months(start))::DATE AS originated_on, chosen.kind,
       tier, term, ltv, pti, rate, rate / 120000 AS m, (1500000 + of_amount * 2500000)::BIGINT AS amount,
       ends.age AS ended, ends.status
  FROM chosen ASOF JOIN ends ON chosen.kind = ends.kind AND chosen.of_end >= ends.low;

CREATE MACRO owed(amount, m, term, paid) AS
    (amount * (pow(1 + m, term) - pow(1 + m, paid)) / (pow(1 + m, term) - 1))::BIGINT;

-- Every payment, and what was recovered after a charge-off.
CREATE VIEW payments AS
WITH spans AS (
    SELECT *, unnest(range(greatest(1, $since - start), least(ended, $until - 1 - start) + 1)) AS age FROM loans)
SELECT loan_id || '-' || age AS payment_id, loan_id, (originated_on + to_months(age::INTEGER))::DATE AS due_on,
       0::BIGINT AS paid_cents,
       CASE WHEN age < ended OR status = 'matured' THEN owed(amount, m, term, age - 1) - owed(amount, m, term, age)
            WHEN status = 'prepaid' THEN owed(amount, m, term, age - 1) ELSE 0 END AS principal_cents,
       0::BIGINT AS interest_cents,
       CASE WHEN age < ended OR status = 'matured' THEN owed(amount, m, term, age)
            WHEN status = 'charged_off' THEN owed(amount, m, term, age - 1) ELSE 0 END AS balance_cents,
       CASE WHEN age < ended THEN 'current' ELSE status END AS status,
       0 AS days_past_due, 0::BIGINT AS recovery_cents, (due_on + 10)::TIMESTAMPTZ AS updated_at,
       strftime(due_on, '%Y-%m') AS month
  FROM spans
UNION ALL
SELECT loan_id || '-r' || lag, loan_id, (originated_on + to_months((ended + lag)::INTEGER))::DATE AS due_on, 0, 0, 0,
       0, 'charged_off', 0, (owed(amount, m, term, ended - 1) * share)::BIGINT, (due_on + 10)::TIMESTAMPTZ,
       strftime(due_on, '%Y-%m')
  FROM loans, lags WHERE status = 'charged_off' AND start + ended + lag BETWEEN $since AND $until - 1;

-- Older versions of some payments, and others twice.
CREATE VIEW again AS
SELECT * REPLACE ('late' AS status, updated_at - INTERVAL 9 DAY AS updated_at)
  FROM payments WHERE hash(payment_id) % 10000 < $stale
UNION ALL
FROM payments WHERE hash(payment_id) % 10000 >= 10000 - $stale // 2;

CREATE VIEW loan_rows AS
SELECT loan_id, originated_on, term AS term_months, amount AS amount_cents, rate AS rate_bp,
       (amount * 10000 / ltv)::BIGINT + 1 AS value_cents, tier, 1::BIGINT AS payment_cents, pti AS pti_bp,
       originated_on::TIMESTAMPTZ AS updated_at
  FROM loans;
