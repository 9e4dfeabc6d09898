-- As before, and news of cars name the stores that the cars are or were in, if they are few: a deal that shows only cars of
-- its own store has nothing to do with those of another. A notification holds 8,000 bytes at most.
CREATE OR REPLACE FUNCTION announce_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vehicles', jsonb_build_object(
        'group', v.group_id, 'stores', jsonb_build_array(v.store_id), 'ids', jsonb_build_array(v.vehicle_id::text))::text)
       FROM vehicles v WHERE v.vehicle_id = NEW.vehicle_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION move_inventory_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moved   text[];
    groups  text[];
    changed bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A new car is on no screen yet: nobody is told.
        SELECT array_agg(DISTINCT store_id) INTO moved FROM after_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT store_id), array_agg(DISTINCT group_id), array_agg(vehicle_id)
          INTO moved, groups, changed FROM before_rows;
    ELSE
        SELECT array_agg(DISTINCT store), array_agg(DISTINCT its_group), array_agg(DISTINCT a.vehicle_id)
          INTO moved, groups, changed
          FROM before_rows b JOIN after_rows a USING (vehicle_id)
          CROSS JOIN LATERAL (VALUES (b.store_id, b.group_id), (a.store_id, a.group_id)) AS stores (store, its_group)
         WHERE a.rev <> b.rev;
    END IF;
    PERFORM FROM stores WHERE store_id = ANY (moved) ORDER BY store_id FOR NO KEY UPDATE;
    UPDATE stores SET inventory_version = inventory_version + 1 WHERE store_id = ANY (moved);
    PERFORM pg_notify('vehicles', jsonb_build_object('group', each,
                'stores', CASE WHEN cardinality(moved) <= 20 THEN to_jsonb(moved) END,
                'ids', CASE WHEN cardinality(changed) <= 100 THEN to_jsonb(changed::text[]) END)::text)
       FROM unnest(groups) AS each;
    RETURN NULL;
END $$;
