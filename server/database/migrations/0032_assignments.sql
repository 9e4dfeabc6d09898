-- A desk manager gives a deal to another person of its store.
GRANT UPDATE (salesperson_id) ON deals TO deal_app;

-- The second wall between stores: no statement gives a deal to somebody of another one.
CREATE FUNCTION check_salesperson() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users u WHERE u.user_id = NEW.salesperson_id AND u.store_id = NEW.store_id) THEN
        RAISE EXCEPTION 'deals.salesperson_id: % is not of store %', NEW.salesperson_id, NEW.store_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deals_salesperson_of_store BEFORE UPDATE OF salesperson_id ON deals
    FOR EACH ROW WHEN (NEW.salesperson_id IS DISTINCT FROM OLD.salesperson_id) EXECUTE FUNCTION check_salesperson();
