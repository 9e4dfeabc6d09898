-- Each order of a search again, now with what a search asks of a car as the last columns of the key: price window,
-- mileage, year, make and model are checked inside the index, and only a car that has them all is visited. As columns
-- that are merely included they would not be. The new indexes are made before the old ones are dropped: readers wait
-- for the drops only. A migration is one transaction, so that none is made concurrently.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
CREATE INDEX vehicles_store_by_price   ON vehicles (store_id, price_cents, vehicle_id, mileage, year, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_store_by_mileage ON vehicles (store_id, mileage, vehicle_id, price_cents, year, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_store_by_year    ON vehicles (store_id, year, vehicle_id, price_cents, mileage, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_store_by_stocked ON vehicles (store_id, stocked_on, vehicle_id, price_cents, mileage, year, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_group_by_price   ON vehicles (group_id, price_cents, vehicle_id, mileage, year, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_group_by_mileage ON vehicles (group_id, mileage, vehicle_id, price_cents, year, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_group_by_year    ON vehicles (group_id, year, vehicle_id, price_cents, mileage, make, model)
    WHERE status = 'available';
CREATE INDEX vehicles_group_by_stocked ON vehicles (group_id, stocked_on, vehicle_id, price_cents, mileage, year, make, model)
    WHERE status = 'available';

-- Every three neighbouring characters of each word: what text must have that has a word in it. pg_trgm would pad
-- words and cannot be installed everywhere; row-level security keeps its operators out of an index as any others.
CREATE FUNCTION car_grams(words text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    grams text[] := '{}';
    gram  text;
BEGIN
    FOR place IN 1 .. length(words) - 2 LOOP
        gram := substr(words, place, 3);
        IF strpos(gram, ' ') = 0 THEN
            grams := grams || gram;
        END IF;
    END LOOP;
    RETURN grams;
END $$;
CREATE INDEX vehicles_grams ON vehicles USING gin (
    car_grams(lower(make || ' ' || model || ' ' || trim || ' ' || stock_no || ' ' || vin))) WHERE status = 'available';

-- The available cars of the transaction's group that may have every word; NULL where they are more than most, where no
-- word has three characters, or where no store is set. The query that gets them compares the words themselves. As the
-- owner, since a policy lets no operator near an index that might tell of rows it hides: the group is asked for here.
CREATE FUNCTION cars_with_text(words text[], most integer) RETURNS bigint[] LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    own_group text := public.scope_group();
    grams     text[] := public.car_grams(lower(array_to_string(words, ' ')));
    found     bigint[];
BEGIN
    IF own_group IS NULL OR cardinality(grams) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(array_agg(few.vehicle_id), '{}') INTO found
      FROM (SELECT v.vehicle_id FROM public.vehicles v
             WHERE v.status = 'available' AND v.group_id = own_group
               AND public.car_grams(lower(v.make || ' ' || v.model || ' ' || v.trim || ' ' || v.stock_no || ' ' || v.vin))
                   @> grams
             LIMIT most + 1) AS few;
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;
REVOKE ALL ON FUNCTION cars_with_text(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cars_with_text(text[], integer) TO deal_app, deal_system;

DROP INDEX vehicles_store_price, vehicles_store_mileage, vehicles_store_year, vehicles_store_stocked,
           vehicles_group_price, vehicles_group_mileage, vehicles_group_year, vehicles_group_stocked;
