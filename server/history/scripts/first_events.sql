-- The charge-off of each loan: its first row on which something was owed.
CREATE TABLE first_events AS
SELECT * EXCLUDE (recovery), row_number() OVER () - 1 AS charge_off FROM events WHERE owed > 0
QUALIFY row_number() OVER (PARTITION BY loan_id ORDER BY month) = 1
