-- Nothing is added to the deals of a customer who is restricted or erased, whatever a process still has in memory. An
-- erasure locks the deals before it restricts the customer, and whoever adds to a deal holds a lock on it, too: so what
-- comes before is committed when the erasure reads the deal, and what comes after is refused.

-- Sorted in every database alike, so that a digest survives a move to another server. Digests of before are taken anew
-- if they still hold; one that does not stays as it is, and is reported as before. The name is there again when this
-- commits.
-- squawk-ignore renaming-object
ALTER FUNCTION kept_digest(uuid) RENAME TO kept_digest_0034;
CREATE FUNCTION kept_digest(of_customer uuid) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(coalesce(string_agg(kept, E'\n' ORDER BY kept COLLATE "C"), ''), 'UTF8'))
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
UPDATE erasures SET digest = kept_digest(customer_id)
 WHERE erased_at IS NOT NULL AND digest = kept_digest_0034(customer_id);
-- Nothing else calls it: what computes digests does so by the other name.
-- squawk-ignore ban-drop-function
DROP FUNCTION kept_digest_0034(uuid);

-- As before, and not for a customer who is hidden. The update waits for an erasure that is about to begin.
CREATE OR REPLACE FUNCTION take_deal_event_no() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moved bigint := (NEW.body->>'version')::bigint;
    store text;
    whose uuid;
BEGIN
    UPDATE deals SET last_no = NEW.no, version = coalesce(moved, version), updated_at = now()
     WHERE deal_id = NEW.deal_id AND last_no = NEW.no - 1 AND (moved IS NULL OR moved = version + 1)
    RETURNING store_id, customer_id INTO store, whose;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'deal_events.no: % does not follow the last event of deal %, or its version does not follow',
            NEW.no, NEW.deal_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM refuse_hidden(whose);
    -- Sent at commit: whoever relays hears of it also where the process that decided dies at once.
    PERFORM pg_notify('deal_events', NEW.deal_id || ' ' || NEW.no || ' ' || store);
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_hidden(whose uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.customers c
                WHERE c.customer_id = whose AND num_nonnulls(c.restricted_at, c.erased_at) > 0) THEN
        RAISE EXCEPTION 'customer % is hidden or erased: nothing is added to their deals', whose
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- A quote is computed for a while from what was read before, and then stored.
CREATE FUNCTION refuse_pencil_of_hidden() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    SELECT d.customer_id INTO whose FROM deals d WHERE d.deal_id = NEW.deal_id FOR KEY SHARE;
    PERFORM refuse_hidden(whose);
    RETURN NEW;
END $$;

-- As before, and for what is deleted. Copied rows are locked until they are in both tables (`partition`).
CREATE OR REPLACE FUNCTION mirror_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Only security events are deleted.
    IF TG_OP = 'DELETE' THEN
        DELETE FROM security_events_new WHERE event_id = OLD.event_id AND at = OLD.at;
        RETURN NULL;
    END IF;
    -- Only an erasure changes a row, in these columns.
    IF TG_TABLE_NAME = 'deal_events' THEN
        INSERT INTO deal_events_new SELECT (NEW).*
            ON CONFLICT (deal_id, no) DO UPDATE SET body = excluded.body, reply = excluded.reply, asked = excluded.asked;
    ELSIF TG_TABLE_NAME = 'pencils' THEN
        INSERT INTO pencils_new SELECT (NEW).*
            ON CONFLICT (deal_id, pencil_id)
            DO UPDATE SET inputs = excluded.inputs, answer = excluded.answer, digest = excluded.digest;
    ELSE
        INSERT INTO security_events_new SELECT (NEW).*
            ON CONFLICT (event_id, at) DO UPDATE SET address = excluded.address, connection_id = excluded.connection_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION mirror_partitions(of_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER mirrored AFTER INSERT OR UPDATE OR DELETE ON %I'
                   ' FOR EACH ROW EXECUTE FUNCTION mirror_row()', of_table);
END $$;

-- Puts the partitioned table in the place of the other, with the triggers that came after 0035.
CREATE FUNCTION swap_partitions(of_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM finish_partitions(of_table);
    IF of_table = 'pencils' THEN
        CREATE TRIGGER pencils_not_of_hidden BEFORE INSERT ON pencils
            FOR EACH ROW EXECUTE FUNCTION refuse_pencil_of_hidden();
    END IF;
END $$;

-- Takes away a copy that is not the same as its table: the next run makes another one.
CREATE FUNCTION discard_partitions(of_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('DROP TRIGGER IF EXISTS mirrored ON %I', of_table);
    EXECUTE format('DROP TABLE IF EXISTS %I', of_table || '_new');
    IF of_table = 'security_events' THEN
        DROP SEQUENCE IF EXISTS security_event_ids;
    END IF;
END $$;

REVOKE ALL ON FUNCTION refuse_hidden(uuid), swap_partitions(text), discard_partitions(text) FROM PUBLIC;

-- Last, because it locks a table of people's work.
CREATE TRIGGER pencils_not_of_hidden BEFORE INSERT ON pencils
    FOR EACH ROW EXECUTE FUNCTION refuse_pencil_of_hidden();
