-- How much was given away by what the desk approved. An approval from before concessions were counted has none, and
-- nothing is signed by it.
ALTER TABLE desk_approvals ADD COLUMN concession_cents bigint CHECK (concession_cents >= 0);

-- Where NPVs are hidden, what a car must be worth lies above the store's floor by an amount that is drawn from this
-- (server/hub/sight/floor_guard.py). It stays as it is, so that asking again tells nothing new. A group has some hundred
-- stores: written anew in milliseconds.
-- squawk-ignore adding-field-with-default
ALTER TABLE stores ADD COLUMN guard_key uuid NOT NULL DEFAULT gen_random_uuid();

-- Open screens see by the floor of today.
DROP TRIGGER stores_announced ON stores;
CREATE TRIGGER stores_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN (OLD.score_edges_cents IS DISTINCT FROM NEW.score_edges_cents
          OR OLD.npv_floor_cents IS DISTINCT FROM NEW.npv_floor_cents)
    EXECUTE FUNCTION announce_people_of_store();
