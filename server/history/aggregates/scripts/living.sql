-- The loans that are alive in the history's first month, as numbers.
SELECT hash(loan_id) AS loan FROM seen WHERE usable AND status <> 'charged_off'
