-- A customer's data is erased on request. Numbers, times, people of the store, figures and decisions stay: only what
-- says who the customer is goes. The application cannot do it, and the owner can change nothing else of what is
-- append-only.

-- Until its records may be destroyed, a customer is restricted: neither the application nor the system reads it.
ALTER TABLE customers
    ADD COLUMN restricted_at timestamptz,
    ADD COLUMN erased_at     timestamptz;

-- One row for each request. It has nothing of the customer but the id, and outlives a restored backup as a list of ids
-- (deal-architect erasures): hence no reference to customers.
CREATE TABLE erasures (
    customer_id uuid PRIMARY KEY,
    store_id    text NOT NULL REFERENCES stores,
    -- The store's own number of the request.
    request     text NOT NULL CHECK (length(request) BETWEEN 1 AND 100),
    asked_by    text NOT NULL CHECK (length(asked_by) BETWEEN 1 AND 100),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    -- Until when records must be kept, and why. NULL: no record must be.
    kept_until  timestamptz,
    kept_for    text CHECK ((kept_for IS NULL) = (kept_until IS NULL)),
    -- Of everything that stays: see kept_digest.
    digest      bytea CHECK (octet_length(digest) = 32),
    erased_at   timestamptz,
    CHECK ((digest IS NULL) = (erased_at IS NULL))
);
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON erasures TO deal_app USING (store_id = (SELECT scope_store()));
CREATE POLICY whole_system ON erasures TO deal_system USING (true);
GRANT SELECT ON erasures TO deal_app, deal_system;

ALTER POLICY own_store ON customers USING (store_id = (SELECT scope_store()) AND restricted_at IS NULL);
ALTER POLICY whole_system ON customers USING (restricted_at IS NULL);

-- What is left of a JSON document when it says nothing of who the customer is. Running it again changes nothing.
-- `under` is the name of the field that holds the value. The rules go by the names of fields, which
-- tests/privacy/test_fields.py compares with those of every event.
CREATE FUNCTION without_person(value jsonb, under text DEFAULT '') RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(value) = 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(public.without_person(each, under) ORDER BY place), '[]')
                  FROM jsonb_array_elements(value) WITH ORDINALITY AS e (each, place));
    ELSIF jsonb_typeof(value) IS DISTINCT FROM 'object' THEN
        RETURN value;
    END IF;
    RETURN (
        SELECT coalesce(jsonb_object_agg(key, CASE
            WHEN jsonb_typeof(held) = 'null' THEN held
            -- A customer of an event is whole; a contract has the name alone.
            WHEN key = 'customer' AND jsonb_typeof(held) = 'object'
                THEN jsonb_build_object('id', held->'id', 'name', '[erased]')
            WHEN jsonb_typeof(held) IN ('object', 'array') THEN public.without_person(held, key)
            WHEN key IN ('customer', 'text', 'title') THEN '"[erased]"'
            WHEN key = 'address_digest' THEN '""'
            -- The customer as the one who acted, and what people called a scenario. Names of the store's people stay.
            WHEN key = 'name' AND (value->>'role' = 'customer' OR under IN ('scenario', 'scenarios')
                                   OR value ? 'scenario_id') THEN '"[erased]"'
            WHEN key = 'source' AND value ? 'scenario' THEN '"[erased]"'
            WHEN under = 'trades' AND key IN ('vin', 'make', 'model', 'lienholder') THEN '""'
            ELSE held END), '{}')
          FROM jsonb_each(value) AS e (key, held));
END $$;

-- What a pencil may lose besides: the numbers of the customer that its answer does not depend on.
CREATE FUNCTION without_means(inputs jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT public.without_person(inputs) - '{monthly_income_cents,other_debt_cents,score}'::text[] $$;

-- SHA-256 of all that stays of a customer's deals: computed before and after, and at any later time, it is the same.
CREATE FUNCTION kept_digest(of_customer uuid) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(coalesce(string_agg(kept, E'\n' ORDER BY kept), ''), 'UTF8'))
      FROM (SELECT jsonb_build_array('event', e.deal_id, e.no, e.op, e.kind, e.user_id, extract(epoch FROM e.at),
                                     without_person(e.body), without_person(e.reply))::text
              FROM deals d JOIN deal_events e USING (deal_id) WHERE d.customer_id = of_customer
            UNION ALL
            SELECT jsonb_build_array('pencil', p.deal_id, p.pencil_id, p.deal_version, p.vehicle_id, p.vehicle_rev,
                                     p.versions, without_means(p.inputs), p.car, p.choice, without_person(p.answer),
                                     p.created_by, extract(epoch FROM p.created_at))::text
              FROM deals d JOIN pencils p USING (deal_id) WHERE d.customer_id = of_customer
            UNION ALL
            SELECT jsonb_build_array('offer', o.deal_id, o.offer_id, o.payment_cents, o.npv_cents,
                                     without_person(o.body))::text
              FROM deals d JOIN offers o USING (deal_id) WHERE d.customer_id = of_customer
            UNION ALL
            SELECT jsonb_build_array('acceptance', a.deal_id, a.acceptance_id, extract(epoch FROM a.at),
                                     without_person(a.body))::text
              FROM deals d JOIN deal_acceptances a USING (deal_id) WHERE d.customer_id = of_customer
           ) AS every (kept)
$$;

-- A row of what is append-only changes for an erasure that has begun and is not done, and then in nothing but this: the
-- columns that the trigger names lose the customer, and a digest of what somebody asked for may go.
CREATE FUNCTION allow_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD) - 'asked' - 'digest';
    after  jsonb := to_jsonb(NEW) - 'asked' - 'digest';
    field  text;
BEGIN
    IF EXISTS (SELECT FROM public.erasures e JOIN public.deals d USING (customer_id)
                WHERE d.deal_id = OLD.deal_id AND e.erased_at IS NULL) THEN
        FOREACH field IN ARRAY TG_ARGV LOOP
            IF field = 'inputs' THEN
                before := jsonb_set(before, '{inputs}', public.without_means(before->'inputs'));
                after := jsonb_set(after, '{inputs}', (after->'inputs')
                                   - '{monthly_income_cents,other_debt_cents,score}'::text[]);
            ELSE
                before := jsonb_set(before, ARRAY[field], public.without_person(before->field));
            END IF;
        END LOOP;
        IF before = after THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- No statement changes what is append-only while nobody is being erased.
CREATE FUNCTION refuse_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND EXISTS (SELECT FROM public.erasures WHERE erased_at IS NULL) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

DROP TRIGGER deal_events_append_only ON deal_events;
DROP TRIGGER pencils_append_only ON pencils;
DROP TRIGGER offers_append_only ON offers;
DROP TRIGGER deal_acceptances_append_only ON deal_acceptances;
CREATE TRIGGER deal_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deal_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER pencils_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pencils
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER offers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER deal_acceptances_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deal_acceptances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER deal_events_unchanged BEFORE UPDATE ON deal_events
    FOR EACH ROW EXECUTE FUNCTION allow_erasure('body', 'reply');
CREATE TRIGGER pencils_unchanged BEFORE UPDATE ON pencils
    FOR EACH ROW EXECUTE FUNCTION allow_erasure('inputs', 'answer');
CREATE TRIGGER offers_unchanged BEFORE UPDATE ON offers
    FOR EACH ROW EXECUTE FUNCTION allow_erasure('structure', 'body');
CREATE TRIGGER deal_acceptances_unchanged BEFORE UPDATE ON deal_acceptances
    FOR EACH ROW EXECUTE FUNCTION allow_erasure('body');

-- Whatever arrives of an erased customer later, such as from a warehouse that still has it, changes nothing.
CREATE FUNCTION keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER customers_erased BEFORE UPDATE ON customers
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION keep_erased();

-- Nobody begins or reopens a deal of a customer who is erased, or whose data waits for it.
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM erasures WHERE customer_id = NEW.customer_id) THEN
        RAISE EXCEPTION 'deals.customer_id: the data of customer % is erased', NEW.customer_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deals_not_of_erased BEFORE INSERT ON deals FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER deals_not_reopened BEFORE UPDATE OF state ON deals
    FOR EACH ROW WHEN (OLD.state = 'lost' AND NEW.state <> 'lost') EXECUTE FUNCTION refuse_erased();

-- As before, without those whom nobody may find.
CREATE OR REPLACE FUNCTION customers_named(words text, most integer)
    RETURNS TABLE (customer_id uuid, name text, co_name text, city text, phone text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c
     WHERE c.store_id = public.scope_store()
       AND to_tsvector('simple', c.name || ' ' || coalesce(c.co_name, '')) @@ to_tsquery('simple', words)
       AND num_nulls(c.restricted_at, c.erased_at) = 2
     ORDER BY c.name, c.customer_id LIMIT most
$$;
CREATE OR REPLACE FUNCTION customers_phoned(backwards text, most integer)
    RETURNS TABLE (customer_id uuid, name text, co_name text, city text, phone text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c
     WHERE c.store_id = public.scope_store() AND c.phone <> ''
       AND reverse(regexp_replace(c.phone, '[^0-9]', '', 'g')) LIKE backwards
       AND num_nulls(c.restricted_at, c.erased_at) = 2
     ORDER BY c.name, c.customer_id LIMIT most
$$;
