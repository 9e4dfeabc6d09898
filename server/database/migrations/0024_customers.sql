ALTER TABLE customers ADD COLUMN phone text NOT NULL DEFAULT '' CHECK (length(phone) <= 32);

-- Words of the names of customer and co-buyer, each by its beginning. A store has some thousand customers: built in
-- milliseconds.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX customers_names ON customers USING gin (to_tsvector('simple', name || ' ' || coalesce(co_name, '')));

-- A number is known by its last digits, whatever stands before and between them.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX customers_phones ON customers (store_id, reverse(regexp_replace(phone, '[^0-9]', '', 'g')) text_pattern_ops)
    WHERE phone <> '';

-- The deals of a car are found by its stock number, also when it is sold; other stores may give the same number.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX vehicles_every_stock_no ON vehicles (stock_no);

-- The customers of the transaction's store whose names have words that begin so. As the owner, since a policy lets no
-- operator near an index that might tell of rows it hides: the store is asked for here.
CREATE FUNCTION customers_named(words text, most integer)
    RETURNS TABLE (customer_id uuid, name text, co_name text, city text, phone text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c
     WHERE c.store_id = public.scope_store()
       AND to_tsvector('simple', c.name || ' ' || coalesce(c.co_name, '')) @@ to_tsquery('simple', words)
     ORDER BY c.name, c.customer_id LIMIT most
$$;
REVOKE ALL ON FUNCTION customers_named(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION customers_named(text, integer) TO deal_app;

-- Those whose phone number ends in these digits; backwards is a pattern of the reversed number.
CREATE FUNCTION customers_phoned(backwards text, most integer)
    RETURNS TABLE (customer_id uuid, name text, co_name text, city text, phone text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c
     WHERE c.store_id = public.scope_store() AND c.phone <> ''
       AND reverse(regexp_replace(c.phone, '[^0-9]', '', 'g')) LIKE backwards
     ORDER BY c.name, c.customer_id LIMIT most
$$;
REVOKE ALL ON FUNCTION customers_phoned(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION customers_phoned(text, integer) TO deal_app;
