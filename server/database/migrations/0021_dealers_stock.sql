-- A dealer's feed often has no cost. Such a car is stored with its cost unknown, which is not a cost of 0.
-- An older release imports no such car, and a car without a cost only comes with an import of this one.
-- squawk-ignore ban-drop-not-null
ALTER TABLE vehicles ALTER COLUMN cost_cents DROP NOT NULL;
-- The offer of such a car has no NPV.
-- squawk-ignore ban-drop-not-null
ALTER TABLE offers ALTER COLUMN npv_cents DROP NOT NULL;
-- Nor has it one under stress.
-- squawk-ignore ban-drop-not-null
ALTER TABLE offers ALTER COLUMN stress_npv_cents DROP NOT NULL;

-- A stock number that is given whole is looked up, however many cars share its characters.
-- A migration is one transaction, so that none is made concurrently.
-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX vehicles_stock_no ON vehicles (group_id, stock_no) WHERE status = 'available';
