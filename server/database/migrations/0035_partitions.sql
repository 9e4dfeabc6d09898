-- The tables that grow without end are partitioned: deal_events and pencils by a hash of the deal, by which they are
-- unique and read; security_events by month, so that old months are dropped whole.
--
-- A small table becomes partitioned here. A large one would be locked for as long as its rows are copied, so that it stays
-- as it is until `deal-architect partition` does the same beside a running system, with the functions below: a new table
-- is made, a trigger copies each new row to it, old rows are copied in batches, and a short transaction swaps the two.

-- Copies a row to the table that takes the place of its own, as the owner: the application has no right to it.
CREATE FUNCTION mirror_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
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

-- Makes the partition of security events of the month that holds a day, and moves there what the default partition has of
-- it. Returns whether there was none.
CREATE FUNCTION make_security_month(day date, of_table text DEFAULT 'security_events') RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', day)::date;
    after date := (date_trunc('month', day) + interval '1 month')::date;
    month text := 'security_events_' || to_char(day, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || month) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', month, of_table);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', month);
    EXECUTE format('WITH found AS (DELETE FROM security_events_rest WHERE at >= %L AND at < %L RETURNING *)'
                   ' INSERT INTO %I SELECT * FROM found', first || ' UTC', after || ' UTC', month);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', of_table, month,
                   first || ' UTC', after || ' UTC');
    RETURN true;
END $$;

-- Makes the partitioned table beside the one whose place it takes. It locks nothing that anybody uses. `deal-architect
-- partition` goes on with refer_partitions, once for each reference, and mirror_partitions, each in a transaction of its
-- own: whoever waits for one of these locks holds no other up.
CREATE FUNCTION begin_partitions(of_table text, parts integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := of_table || '_new';
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY %s', made, of_table,
                   CASE of_table WHEN 'security_events' THEN 'RANGE (at)' ELSE 'HASH (deal_id)' END);
    IF of_table = 'deal_events' THEN
        ALTER TABLE deal_events_new
            ADD CONSTRAINT deal_events_new_pkey PRIMARY KEY (deal_id, no),
            ADD CONSTRAINT deal_events_new_deal_id_op_key UNIQUE (deal_id, op);
        CREATE INDEX deal_events_new_steps ON deal_events_new (deal_id, no)
            WHERE kind IN ('state_changed', 'fulfilment_changed');
    ELSIF of_table = 'pencils' THEN
        ALTER TABLE pencils_new
            ADD CONSTRAINT pencils_new_pkey PRIMARY KEY (deal_id, pencil_id),
            ADD CONSTRAINT pencils_new_deal_id_digest_key UNIQUE (deal_id, digest);
        CREATE INDEX pencils_new_created ON pencils_new (created_at);
        CREATE INDEX pencils_new_vehicle ON pencils_new (vehicle_id);
    ELSE
        -- An identity column cannot be that of a partitioned table before PostgreSQL 17.
        CREATE SEQUENCE security_event_ids;
        GRANT USAGE ON SEQUENCE security_event_ids TO deal_app;
        ALTER TABLE security_events_new
            ALTER COLUMN event_id SET DEFAULT nextval('security_event_ids'),
            ADD CONSTRAINT security_events_new_pkey PRIMARY KEY (event_id, at);
        CREATE INDEX security_events_new_at ON security_events_new (at DESC, event_id DESC);
        CREATE INDEX security_events_new_of_store ON security_events_new (store_id, at DESC, event_id DESC);
    END IF;
    IF of_table = 'security_events' THEN
        CREATE TABLE security_events_rest PARTITION OF security_events_new DEFAULT;
        ALTER TABLE security_events_rest ENABLE ROW LEVEL SECURITY;
        PERFORM make_security_month(month::date, made)
           FROM generate_series(date_trunc('month', greatest(coalesce((SELECT min(at) FROM security_events), now()),
                                                             now() - interval '10 years') AT TIME ZONE 'UTC'),
                                now() AT TIME ZONE 'UTC' + interval '2 months', '1 month') AS month;
    ELSE
        FOR part IN 0 .. parts - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           of_table || '_' || part, made, parts, part);
            -- Nobody is given a right to a partition; a right that somebody gives it later shows nothing.
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', of_table || '_' || part);
        END LOOP;
    END IF;
END $$;

-- Lets the new table refer to a table as the old one does. Returns whether there was one left.
CREATE FUNCTION refer_partitions(of_table text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    held pg_constraint;
BEGIN
    SELECT * INTO held FROM pg_constraint c
     WHERE c.conrelid = ('public.' || of_table)::regclass AND c.contype = 'f'
       AND NOT EXISTS (SELECT FROM pg_constraint n
                        WHERE n.conrelid = ('public.' || of_table || '_new')::regclass AND n.conname = c.conname)
     ORDER BY c.conname LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', of_table || '_new', held.conname,
                   pg_get_constraintdef(held.oid));
    RETURN true;
END $$;

-- From now on the new table gets each new row.
CREATE FUNCTION mirror_partitions(of_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER mirrored AFTER INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION mirror_row()',
                   of_table);
END $$;

-- Puts the partitioned table in the place of the other, which holds no row that it lacks. The other is left as
-- `_old`: to drop it takes a lock on what it refers to.
CREATE FUNCTION finish_partitions(of_table text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part  text;
    named text;
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', of_table);
    IF of_table = 'security_events' THEN
        PERFORM setval('security_event_ids', greatest(1, (SELECT max(event_id) FROM security_events)));
    END IF;
    EXECUTE format('DROP TRIGGER mirrored ON %I', of_table);
    FOR named IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                  WHERE i.indrelid = ('public.' || of_table)::regclass LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', named, named || '_old');
    END LOOP;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', of_table, of_table || '_old');
    EXECUTE format('ALTER TABLE %I RENAME TO %I', of_table || '_new', of_table);
    FOR named IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                  WHERE i.indrelid = ('public.' || of_table)::regclass LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', named, replace(named, of_table || '_new', of_table));
    END LOOP;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', of_table);
    IF of_table = 'security_events' THEN
        ALTER SEQUENCE security_event_ids OWNED BY security_events.event_id;
        CREATE POLICY own_store ON security_events FOR SELECT TO deal_app
            USING (store_id = (SELECT scope_store()) OR (store_id IS NULL AND (SELECT scope_store()) IS NOT NULL));
        CREATE POLICY own_store_adds ON security_events FOR INSERT TO deal_app
            WITH CHECK (store_id IS NULL OR store_id = (SELECT scope_store()));
        GRANT SELECT, INSERT ON security_events TO deal_app;
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY own_store ON %1$I TO deal_app'
                   ' USING (EXISTS (SELECT FROM deals d WHERE d.deal_id = %1$I.deal_id))'
                   ' WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.deal_id = %1$I.deal_id))', of_table);
    EXECUTE format('CREATE POLICY whole_system ON %I TO deal_system USING (true) WITH CHECK (true)', of_table);
    IF of_table = 'deal_events' THEN
        GRANT SELECT, INSERT ON deal_events TO deal_app, deal_system;
        CREATE TRIGGER deal_events_contiguous BEFORE INSERT ON deal_events
            FOR EACH ROW EXECUTE FUNCTION take_deal_event_no();
        CREATE TRIGGER deal_events_unchanged BEFORE UPDATE ON deal_events
            FOR EACH ROW EXECUTE FUNCTION allow_erasure('body', 'reply');
    ELSE
        GRANT SELECT, INSERT ON pencils TO deal_app;
        GRANT SELECT ON pencils TO deal_system;
        CREATE TRIGGER pencils_unchanged BEFORE UPDATE ON pencils
            FOR EACH ROW EXECUTE FUNCTION allow_erasure('inputs', 'answer');
    END IF;
    -- A statement's trigger is that of the table it names: each partition has its own.
    FOR part IN SELECT relid::regclass::text FROM pg_partition_tree(('public.' || of_table)::regclass) LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_erasing()', part);
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION mirror_row(), make_security_month(date, text), begin_partitions(text, integer),
    refer_partitions(text), mirror_partitions(text), finish_partitions(text) FROM PUBLIC;

DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY['deal_events', 'pencils', 'security_events'] LOOP
        IF pg_table_size(each::regclass) < 64 * 1024 * 1024 THEN
            -- In the order in which a decision locks them.
            EXECUTE format('LOCK TABLE deals, %I IN ACCESS EXCLUSIVE MODE', each);
            PERFORM begin_partitions(each, 8);
            WHILE refer_partitions(each) LOOP END LOOP;
            PERFORM mirror_partitions(each);
            EXECUTE format('INSERT INTO %I SELECT * FROM %I', each || '_new', each);
            PERFORM finish_partitions(each);
            EXECUTE format('DROP TABLE %I', each || '_old');
            -- Nothing else gathers statistics of a partitioned table as a whole.
            EXECUTE format('ANALYZE %I', each);
        ELSE
            RAISE NOTICE '% is large: run `deal-architect partition` beside the running system', each;
        END IF;
    END LOOP;
END $$;
