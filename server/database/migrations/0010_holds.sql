-- Reservations --------------------------------------------------------------------------------------------------------

-- An approved deal keeps its car, with no end but the approval's own: a hold beside it may run out.
ALTER TABLE vehicle_claims
    -- There is a row for each car that somebody wants: some thousand, looked through in milliseconds.
    -- squawk-ignore adding-foreign-key-constraint
    ADD COLUMN reserved_by uuid REFERENCES deals (deal_id),
    ADD COLUMN reserver    jsonb CHECK (jsonb_typeof(reserver) = 'object'),
    -- The same rows.
    -- squawk-ignore constraint-missing-not-valid
    ADD CHECK ((reserved_by IS NULL) = (reserver IS NULL));
-- A deal is approved for one car. No row has a reservation yet.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX vehicle_claims_reserved ON vehicle_claims (reserved_by) WHERE reserved_by IS NOT NULL;

-- Deals that are approved already keep their cars too; of two that are approved for one car, the first.
INSERT INTO vehicle_claims (vehicle_id, reserved_by, reserver)
SELECT DISTINCT ON (a.vehicle_id) a.vehicle_id, a.deal_id, a.approved_by
  FROM (SELECT DISTINCT ON (deal_id) * FROM desk_approvals ORDER BY deal_id, deal_version DESC) a
  JOIN deals d USING (deal_id)
 WHERE d.state = 'approved'
 ORDER BY a.vehicle_id, a.approved_at
ON CONFLICT (vehicle_id) DO UPDATE
   SET no = vehicle_claims.no + 1, reserved_by = excluded.reserved_by, reserver = excluded.reserver;

GRANT UPDATE (reserved_by, reserver) ON vehicle_claims TO deal_app, deal_system;
-- A desk that ends the hold of another store's deal changes two deals; one of them answers the op.
GRANT INSERT ON deal_ops TO deal_system;

-- How many deals somebody began lately. A group has some hundred thousand deals at most: a second.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX deals_begun ON deals (salesperson_id, created_at);

-- Ops -------------------------------------------------------------------------------------------------------------------

-- A digest of who sent the command and of what it asks for. Null where an older release wrote the row.
ALTER TABLE deal_events ADD COLUMN asked bytea;
ALTER TABLE deal_ops    ADD COLUMN asked bytea;
