-- Whoever keeps what was computed from a stock hears at commit that its version moved, whatever moved it: cars that were
-- added, changed or removed, and what it costs to fetch them. Equal announcements of one transaction are sent once.
CREATE FUNCTION announce_stock_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('stock_versions', NEW.store_id || ' ' || NEW.group_id);
    IF OLD.group_id <> NEW.group_id THEN
        PERFORM pg_notify('stock_versions', OLD.store_id || ' ' || OLD.group_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stores_stock_version_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN ((OLD.inventory_version, OLD.group_id) IS DISTINCT FROM (NEW.inventory_version, NEW.group_id))
    EXECUTE FUNCTION announce_stock_version();
