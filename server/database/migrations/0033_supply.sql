-- How many units of each model a store has on its lot, and how many it sold on each day. Days' supply is computed from
-- both; they are kept up with every change of a car, so that no search counts cars. New and used units are apart, as the
-- trade counts them.
-- The day on which a car was sold; NULL if it is not, or if nobody knows.
ALTER TABLE vehicles ADD COLUMN sold_on date;

CREATE TABLE model_units (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    make     text NOT NULL,
    model    text NOT NULL,
    is_new   boolean NOT NULL,
    units    bigint NOT NULL,
    PRIMARY KEY (store_id, make, model, is_new)
);
-- A search reads the last days of its stores: one range of the key for each, which has all that is asked.
CREATE TABLE model_sales (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    sold_on  date NOT NULL,
    make     text NOT NULL,
    model    text NOT NULL,
    is_new   boolean NOT NULL,
    sold     bigint NOT NULL,
    PRIMARY KEY (store_id, sold_on, make, model, is_new) INCLUDE (sold)
);

ALTER TABLE model_units ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_sales ENABLE ROW LEVEL SECURITY;
-- Stock is the group's.
CREATE POLICY own_group ON model_units TO deal_app
    USING (store_id IN (SELECT s.store_id FROM stores s WHERE s.group_id = (SELECT scope_group())));
CREATE POLICY own_group ON model_sales TO deal_app
    USING (store_id IN (SELECT s.store_id FROM stores s WHERE s.group_id = (SELECT scope_group())));
CREATE POLICY whole_system ON model_units TO deal_system USING (true);
CREATE POLICY whole_system ON model_sales TO deal_system USING (true);
GRANT SELECT ON model_units, model_sales TO deal_app, deal_system;

-- A sale is dated by the change of the car's status, whoever makes it. One that is unwound was none.
CREATE FUNCTION date_sale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sold_on := CASE WHEN NEW.status = 'sold' THEN (now() AT TIME ZONE 'UTC')::date END;
    RETURN NEW;
END $$;

-- Cars of one model, status and day of sale that came (1 and more) or went.
CREATE TYPE model_change AS (
    store_id text, make text, model text, is_new boolean, status vehicle_status, sold_on date, cars integer);

-- Once per statement, as the version of the stock. Its trigger fires first and locks the stores, whose rows these are: so
-- nobody else writes them, and there is no deadlock.
CREATE FUNCTION count_models() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE changes model_change[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg((c.*)::model_change) INTO changes
          FROM (SELECT store_id, make, model, is_new, status, sold_on, count(*)::int FROM after_rows
                 GROUP BY 1, 2, 3, 4, 5, 6) c;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg((c.*)::model_change) INTO changes
          FROM (SELECT store_id, make, model, is_new, status, sold_on, -count(*)::int FROM before_rows
                 GROUP BY 1, 2, 3, 4, 5, 6) c;
    ELSE
        -- Without a join: a plan that was made for one car must do for all of them.
        SELECT array_agg((c.*)::model_change) INTO changes
          FROM (SELECT store_id, make, model, is_new, status, sold_on, sum(cars)::int
                  FROM (SELECT store_id, make, model, is_new, status, sold_on, -1 AS cars FROM before_rows
                        UNION ALL
                        SELECT store_id, make, model, is_new, status, sold_on, 1 FROM after_rows) m
                 GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(cars) <> 0) c;
    END IF;
    IF changes IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO model_units AS u (store_id, make, model, is_new, units)
    SELECT c.store_id, c.make, c.model, c.is_new, sum(c.cars) FROM unnest(changes) c
     WHERE c.status IN ('available', 'held') GROUP BY 1, 2, 3, 4 HAVING sum(c.cars) <> 0
        ON CONFLICT (store_id, make, model, is_new) DO UPDATE SET units = u.units + EXCLUDED.units;
    INSERT INTO model_sales AS s (store_id, sold_on, make, model, is_new, sold)
    SELECT c.store_id, c.sold_on, c.make, c.model, c.is_new, sum(c.cars) FROM unnest(changes) c
     WHERE c.status = 'sold' AND c.sold_on IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.cars) <> 0
        ON CONFLICT (store_id, sold_on, make, model, is_new) DO UPDATE SET sold = s.sold + EXCLUDED.sold;
    RETURN NULL;
END $$;

-- What is there. The last change of a sold car was its sale; one that was never changed came as sold, nobody knows when.
-- The revision stays: nothing that a screen shows of these cars changes.
ALTER TABLE vehicles DISABLE TRIGGER USER;
UPDATE vehicles SET sold_on = (updated_at AT TIME ZONE 'UTC')::date WHERE status = 'sold' AND rev > 1;
ALTER TABLE vehicles ENABLE TRIGGER USER;
INSERT INTO model_units (store_id, make, model, is_new, units)
SELECT store_id, make, model, is_new, count(*) FROM vehicles WHERE status IN ('available', 'held') GROUP BY 1, 2, 3, 4;
INSERT INTO model_sales (store_id, sold_on, make, model, is_new, sold)
SELECT store_id, sold_on, make, model, is_new, count(*) FROM vehicles WHERE sold_on IS NOT NULL GROUP BY 1, 2, 3, 4, 5;

CREATE TRIGGER vehicles_sold BEFORE UPDATE ON vehicles FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION date_sale();
-- Triggers fire in the order of their names: these after those that lock the stores.
CREATE TRIGGER vehicles_inserted_counted AFTER INSERT ON vehicles
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION count_models();
CREATE TRIGGER vehicles_updated_counted AFTER UPDATE ON vehicles
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_models();
CREATE TRIGGER vehicles_deleted_counted AFTER DELETE ON vehicles
    REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION count_models();
