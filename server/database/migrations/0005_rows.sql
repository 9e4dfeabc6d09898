-- The second wall between stores. deal_app sees the rows of the store that the transaction named, and none without
-- a name; deal_system, for the system's own work (relay, stock watch, deadlines, walls), sees all. Neither owns
-- anything. The owner is not bound: it migrates, seeds and imports.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'deal_system') THEN
        CREATE ROLE deal_system LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Roles are the cluster's: another database was migrated at the same moment.
END $$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'deal_system', 'SET') THEN
        EXECUTE format('GRANT deal_system TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE '% may not act as deal_system: the application needs a URL of its own', current_user;
END $$;

CREATE FUNCTION scope_store() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('deal.store_id', true), '') $$;

-- Stock is the group's: a store sells the cars of its neighbours too.
CREATE FUNCTION scope_group() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT group_id FROM stores WHERE store_id = nullif(current_setting('deal.store_id', true), '') $$;

DO $$
DECLARE
    guarded text;
    visible text;
BEGIN
    FOR guarded, visible IN VALUES
        ('deals',              'store_id = (SELECT scope_store())'),
        ('customers',          'store_id = (SELECT scope_store())'),
        ('vehicles',           'group_id = (SELECT scope_group())'),
        ('deal_events',        'EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_events.deal_id)'),
        ('offers',             'EXISTS (SELECT FROM deals d WHERE d.deal_id = offers.deal_id)'),
        ('pencils',            'EXISTS (SELECT FROM deals d WHERE d.deal_id = pencils.deal_id)'),
        ('deal_pins',          'EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_pins.deal_id)'),
        ('deal_locks',         'EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_locks.deal_id)'),
        ('desk_approvals',     'EXISTS (SELECT FROM deals d WHERE d.deal_id = desk_approvals.deal_id)'),
        ('lender_decisions',   'EXISTS (SELECT FROM deals d WHERE d.deal_id = lender_decisions.deal_id)'),
        ('deal_tasks',         'EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_tasks.deal_id)'),
        ('lender_stipulations', 'EXISTS (SELECT FROM lender_decisions l
                                          WHERE l.decision_id = lender_stipulations.decision_id)'),
        ('vehicle_claims',     'EXISTS (SELECT FROM vehicles v WHERE v.vehicle_id = vehicle_claims.vehicle_id)')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
        EXECUTE format('CREATE POLICY own_store ON %I TO deal_app USING (%s) WITH CHECK (%s)',
                       guarded, visible, visible);
        EXECUTE format('CREATE POLICY whole_system ON %I TO deal_system USING (true) WITH CHECK (true)', guarded);
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO deal_system;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO deal_system;
-- What the server decides by itself: approvals that fall, holds that run out.
GRANT INSERT ON deal_events, vehicle_claims TO deal_system;
GRANT UPDATE (state, fulfilment) ON deals TO deal_system;
GRANT UPDATE (no, held_by, holder, held_until) ON vehicle_claims TO deal_system;
-- A row lock on a car asks for the right to change it.
GRANT UPDATE (status) ON vehicles TO deal_system;

-- A screen that somebody begins to watch must be told what became of its cars while nobody did.
CREATE INDEX vehicles_group_changed ON vehicles (group_id, updated_at) WHERE rev > 1;
