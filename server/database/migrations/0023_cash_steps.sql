-- Found amounts of cash are rounded up to whole steps, and the columns of the pencil grid are steps apart.
ALTER TABLE stores
    ADD COLUMN cash_step_cents bigint NOT NULL DEFAULT 5000
        CONSTRAINT stores_cash_step_check CHECK (cash_step_cents BETWEEN 1 AND 100000),
    ADD COLUMN grid_step_cents bigint NOT NULL DEFAULT 50000
        CONSTRAINT stores_grid_step_check CHECK (grid_step_cents BETWEEN 1000 AND 1000000);

-- Open deals compute with the steps, so a change of them is announced as the other settings are.
CREATE TRIGGER stores_steps_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN ((OLD.cash_step_cents, OLD.grid_step_cents) IS DISTINCT FROM (NEW.cash_step_cents, NEW.grid_step_cents))
    EXECUTE FUNCTION announce_store_facts();
