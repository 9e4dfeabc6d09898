-- One trip to hold a deal: its row lock, and what a decision looks at before anything else. Each statement of a
-- volatile function sees what was committed before it began, so that after a wait for the lock nothing read is older
-- than the lock.
CREATE FUNCTION lock_deal(locked_deal uuid, given_op uuid)
    RETURNS TABLE (store_id text, state deal_state, version bigint, last_no bigint, structure jsonb,
                   salesperson_id uuid, selected_offer uuid, fulfilment text, at timestamptz,
                   reply jsonb, asked bytea, answered_to uuid, locks jsonb)
    LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    SELECT d.store_id, d.state, d.version, d.last_no, d.structure, d.salesperson_id, d.selected_offer,
           d.fulfilment::text, now()
      INTO store_id, state, version, last_no, structure, salesperson_id, selected_offer, fulfilment, at
      FROM deals d WHERE d.deal_id = locked_deal FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT found.reply, found.asked, found.user_id INTO reply, asked, answered_to
      FROM (SELECT e.reply, e.asked, e.user_id FROM deal_events e WHERE e.deal_id = locked_deal AND e.op = given_op
            UNION ALL
            SELECT o.reply, o.asked, NULL FROM deal_ops o WHERE o.deal_id = locked_deal AND o.op = given_op) found;
    SELECT jsonb_object_agg(l.field, l.locked_by) INTO locks FROM deal_locks l WHERE l.deal_id = locked_deal;
    RETURN NEXT;
END $$;

-- What a deal is made of besides its events: customer, store, staff, editions. Whoever holds a deal in memory hears at
-- commit that it must be read again.
CREATE FUNCTION announce_facts(kind text, id text) RETURNS void LANGUAGE sql AS
    $$ SELECT pg_notify('deal_facts', kind || ' ' || id) $$;

-- An import changes many customers in one statement: a notification names few of them, or all.
CREATE FUNCTION announce_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM before_rows LIMIT 101) AS few) > 100 THEN
        PERFORM announce_facts('all', '');
    ELSE
        PERFORM announce_facts('customer', a.customer_id::text)
           FROM after_rows a JOIN before_rows b USING (customer_id) WHERE a IS DISTINCT FROM b;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_announced AFTER UPDATE ON customers
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION announce_customers();

CREATE FUNCTION announce_store_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_facts('store', NEW.store_id);
    RETURN NULL;
END $$;
-- The version of its stock moves with every car, and is asked for by each search.
CREATE TRIGGER stores_facts_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN ((OLD.group_id, OLD.standard_markup_bp, OLD.npv_floor_cents, OLD.product_cost_share_bp, OLD.markup_cap_bp,
           OLD.guard_key)
          IS DISTINCT FROM
          (NEW.group_id, NEW.standard_markup_bp, NEW.npv_floor_cents, NEW.product_cost_share_bp, NEW.markup_cap_bp,
           NEW.guard_key))
    EXECUTE FUNCTION announce_store_facts();

CREATE FUNCTION announce_user_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_facts('user', NEW.user_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER users_facts_announced AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.name, OLD.role, OLD.discount_authority_cents)
          IS DISTINCT FROM (NEW.name, NEW.role, NEW.discount_authority_cents))
    EXECUTE FUNCTION announce_user_facts();

CREATE FUNCTION announce_deal_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_facts('deal', NEW.deal_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER deals_facts_announced AFTER UPDATE ON deals FOR EACH ROW
    WHEN ((OLD.store_id, OLD.customer_id, OLD.salesperson_id)
          IS DISTINCT FROM (NEW.store_id, NEW.customer_id, NEW.salesperson_id))
    EXECUTE FUNCTION announce_deal_facts();

-- As for rate sheets: whoever keeps in memory what is in force hears of a new edition of each kind.
CREATE TRIGGER risk_models_announced AFTER INSERT ON risk_models
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();
CREATE TRIGGER tax_tables_announced AFTER INSERT ON tax_tables
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();
CREATE TRIGGER rebate_sheets_announced AFTER INSERT ON rebate_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();
