-- The operational schema. Run by the owner role inside one transaction; the application's role is granted
-- what it needs at the end and owns nothing.

CREATE DOMAIN cents AS bigint CHECK (VALUE BETWEEN 0 AND 10000000000);
CREATE DOMAIN basis_points AS numeric(7, 2) CHECK (VALUE BETWEEN 0 AND 10000);

CREATE TYPE user_role AS ENUM ('salesperson', 'desk_manager', 'operator');
CREATE TYPE credential_kind AS ENUM ('cookie', 'bearer');
CREATE TYPE deal_state AS ENUM ('working', 'submitted', 'countered', 'approved', 'declined', 'signed', 'lost');
CREATE TYPE credit_tier AS ENUM ('super_prime', 'prime', 'near_prime', 'subprime', 'deep_subprime');
CREATE TYPE tier_source AS ENUM ('stated', 'soft_pull', 'bureau');
CREATE TYPE vehicle_status AS ENUM ('available', 'held', 'sold', 'in_transit', 'removed');
CREATE TYPE disposition AS ENUM ('held', 'sold');
CREATE TYPE ltv_basis AS ENUM ('invoice', 'msrp', 'wholesale', 'retail');

-- Who ------------------------------------------------------------------------------------------------------------

CREATE TABLE store_groups (
    group_id text PRIMARY KEY CHECK (group_id ~ '^[a-z][a-z0-9-]{0,62}$'),
    name     text NOT NULL CHECK (name <> '')
);

CREATE TABLE stores (
    store_id            text PRIMARY KEY CHECK (store_id ~ '^[a-z][a-z0-9-]{0,62}$'),
    group_id            text NOT NULL REFERENCES store_groups,
    name                text NOT NULL CHECK (name <> ''),
    state               text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    -- What a new deal of this store starts with, as records.Structure on the wire; a sample, not law.
    default_structure   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(default_structure) = 'object'),
    standard_markup_bp  basis_points NOT NULL DEFAULT 0,
    npv_floor_cents     bigint NOT NULL DEFAULT 0,
    -- Moves with every change of the store's stock: part of the key of whatever was computed from it.
    inventory_version   bigint NOT NULL DEFAULT 0,
    -- The first of them takes an import that names no store.
    added_no            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    UNIQUE (store_id, group_id)
);

CREATE TABLE users (
    user_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    login         text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'),
    name          text NOT NULL CHECK (name <> ''),
    role          user_role NOT NULL,
    store_id      text NOT NULL REFERENCES stores,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- Cookies and bearer tokens alike: random, kept as SHA-256 only, so a copy of this table signs nobody in.
CREATE TABLE credentials (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       credential_kind NOT NULL,
    label      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at timestamptz
);
CREATE INDEX credentials_user ON credentials (user_id);

-- Customers ------------------------------------------------------------------------------------------------------

CREATE TABLE customers (
    customer_id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    store_id               text NOT NULL REFERENCES stores,
    name                   text NOT NULL CHECK (name <> ''),
    monthly_income_cents   cents,
    other_debt_cents       cents NOT NULL DEFAULT 0,
    address_line           text NOT NULL DEFAULT '',
    city                   text NOT NULL DEFAULT '',
    state                  text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    postal_code            text NOT NULL DEFAULT '',
    score                  smallint CHECK (score BETWEEN 250 AND 900),
    score_source           tier_source,
    score_date             date,
    -- The co-buyer, where there is one.
    co_name                text CHECK (co_name <> ''),
    co_monthly_income_cents cents,
    co_other_debt_cents    cents,
    co_score               smallint CHECK (co_score BETWEEN 250 AND 900),
    co_score_source        tier_source,
    co_score_date          date,
    -- The car that is traded in, and what is still owed on it.
    trade_vin              text CHECK (trade_vin ~ '^[A-HJ-NPR-Z0-9]{17}$'),
    trade_year             smallint CHECK (trade_year BETWEEN 1900 AND 2100),
    trade_make             text,
    trade_model            text,
    trade_mileage          integer CHECK (trade_mileage >= 0),
    trade_acv_cents        cents,
    payoff_cents           cents,
    payoff_lienholder      text,
    payoff_quoted_on       date,
    payoff_good_through    date,
    payoff_per_diem_cents  cents,
    current_payment_cents  cents,
    remaining_months       smallint CHECK (remaining_months BETWEEN 0 AND 240),
    created_at             timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer_id, store_id),
    CHECK ((score IS NULL) = (score_source IS NULL) AND (score IS NULL) = (score_date IS NULL)),
    CHECK ((co_score IS NULL) = (co_score_source IS NULL) AND (co_score IS NULL) = (co_score_date IS NULL)),
    CHECK (co_name IS NOT NULL OR (co_monthly_income_cents IS NULL AND co_other_debt_cents IS NULL AND co_score IS NULL)),
    -- A trade is described whole or not at all (its VIN may be unknown), and only a trade has a payoff.
    CHECK (num_nulls(trade_year, trade_make, trade_model, trade_mileage, trade_acv_cents) IN (0, 5)),
    CHECK (trade_vin IS NULL OR trade_acv_cents IS NOT NULL),
    CHECK (num_nulls(payoff_cents, payoff_lienholder, payoff_quoted_on, payoff_good_through,
                     payoff_per_diem_cents) IN (0, 5)),
    CHECK (payoff_cents IS NULL OR trade_acv_cents IS NOT NULL),
    CHECK (payoff_good_through >= payoff_quoted_on),
    CHECK (num_nulls(current_payment_cents, remaining_months) IN (0, 2))
);
-- Also the order of the customer list: a page of it is read off the index.
CREATE INDEX customers_store_name ON customers (store_id, name, customer_id);

-- Stock ----------------------------------------------------------------------------------------------------------

CREATE TABLE vehicles (
    vehicle_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rev                  bigint NOT NULL DEFAULT 1 CHECK (rev >= 1),
    store_id             text NOT NULL,
    group_id             text NOT NULL,
    status               vehicle_status NOT NULL DEFAULT 'available',
    vin                  text NOT NULL UNIQUE CHECK (vin ~ '^[A-HJ-NPR-Z0-9]{17}$'),
    stock_no             text NOT NULL CHECK (stock_no <> ''),
    is_new               boolean NOT NULL DEFAULT false,
    year                 smallint NOT NULL CHECK (year BETWEEN 1900 AND 2100),
    make                 text NOT NULL CHECK (make <> ''),
    model                text NOT NULL CHECK (model <> ''),
    trim                 text NOT NULL DEFAULT '',
    body                 text NOT NULL DEFAULT '',
    fuel                 text NOT NULL DEFAULT '',
    transmission         text NOT NULL DEFAULT '',
    color                text NOT NULL DEFAULT '',
    interior             text NOT NULL DEFAULT '',
    condition_tenths     smallint CHECK (condition_tenths BETWEEN 10 AND 50),
    mileage              integer NOT NULL CHECK (mileage BETWEEN 0 AND 2000000),
    price_cents          cents NOT NULL CHECK (price_cents > 0),
    cost_cents           cents NOT NULL,
    recon_cents          cents NOT NULL DEFAULT 0,
    holdback_cents       cents NOT NULL DEFAULT 0,
    dealer_cash_cents    cents NOT NULL DEFAULT 0,
    invoice_cents        cents,
    msrp_cents           cents,
    wholesale_cents      cents,
    retail_cents         cents,
    book_source          text,
    book_date            date,
    floorplan_day_cents  cents NOT NULL DEFAULT 0,
    stocked_on           date NOT NULL,
    updated_at           timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (store_id, group_id) REFERENCES stores (store_id, group_id),
    CHECK ((wholesale_cents IS NULL AND retail_cents IS NULL) = (book_source IS NULL)),
    CHECK ((book_source IS NULL) = (book_date IS NULL))
);

-- One index for each order in which a search may read, for a store and for its group. Keyset pages go by
-- (order column, vehicle_id), both in the same direction: price is (price_cents, vehicle_id) ascending, -price both
-- descending, days_in_stock is (stocked_on, vehicle_id) both descending. So one index, read forwards or backwards,
-- serves an order and its opposite, and a page begins at the row comparison
-- (price_cents, vehicle_id) > ($1, $2), which is a range of the index and not a filter over the ties before it.
-- Ties that always ran upwards would take twice the indexes, and every change of a car writes all of them.
CREATE INDEX vehicles_store_price   ON vehicles (store_id, price_cents, vehicle_id) WHERE status = 'available';
CREATE INDEX vehicles_store_mileage ON vehicles (store_id, mileage, vehicle_id)     WHERE status = 'available';
CREATE INDEX vehicles_store_year    ON vehicles (store_id, year, vehicle_id)        WHERE status = 'available';
CREATE INDEX vehicles_store_stocked ON vehicles (store_id, stocked_on, vehicle_id)  WHERE status = 'available';
CREATE INDEX vehicles_group_price   ON vehicles (group_id, price_cents, vehicle_id) WHERE status = 'available';
CREATE INDEX vehicles_group_mileage ON vehicles (group_id, mileage, vehicle_id)     WHERE status = 'available';
CREATE INDEX vehicles_group_year    ON vehicles (group_id, year, vehicle_id)        WHERE status = 'available';
CREATE INDEX vehicles_group_stocked ON vehicles (group_id, stocked_on, vehicle_id)  WHERE status = 'available';

-- Each change of a car is a new revision, whoever makes it.
CREATE FUNCTION next_vehicle_rev() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rev := OLD.rev + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER vehicles_rev BEFORE UPDATE ON vehicles
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION next_vehicle_rev();

-- The store's inventory version moves once per statement, not per row: a bulk load counts as one change, and a
-- statement that changed no car counts as none. Stores are locked in the order of their ids: no deadlock.
CREATE FUNCTION move_inventory_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE moved text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT store_id) INTO moved FROM after_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT store_id) INTO moved FROM before_rows;
    ELSE
        SELECT array_agg(DISTINCT either) INTO moved
          FROM before_rows b JOIN after_rows a USING (vehicle_id)
          CROSS JOIN LATERAL (VALUES (b.store_id), (a.store_id)) AS stores (either)
         WHERE a.rev <> b.rev;
    END IF;
    PERFORM FROM stores WHERE store_id = ANY (moved) ORDER BY store_id FOR NO KEY UPDATE;
    UPDATE stores SET inventory_version = inventory_version + 1 WHERE store_id = ANY (moved);
    RETURN NULL;
END $$;
CREATE TRIGGER vehicles_inserted AFTER INSERT ON vehicles
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION move_inventory_version();
CREATE TRIGGER vehicles_updated AFTER UPDATE ON vehicles
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION move_inventory_version();
CREATE TRIGGER vehicles_deleted AFTER DELETE ON vehicles
    REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION move_inventory_version();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Lenders and risk: versioned, dated, never changed in place ---------------------------------------------------------

CREATE TABLE rate_sheets (
    rates_version  text PRIMARY KEY CHECK (rates_version <> ''),
    -- The sheet in force on a day is the newest that has begun and not ended: no two begin on one day.
    effective_from date NOT NULL UNIQUE,
    effective_to   date CHECK (effective_to >= effective_from),
    is_sample      boolean NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- One row for a lender's programme, tier and term.
CREATE TABLE lender_programmes (
    rates_version       text NOT NULL REFERENCES rate_sheets,
    programme_id        text NOT NULL CHECK (programme_id <> ''),
    lender              text NOT NULL CHECK (lender <> ''),
    tier                credit_tier NOT NULL,
    term_months         smallint NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    score_min           smallint NOT NULL DEFAULT 250 CHECK (score_min >= 250),
    score_max           smallint NOT NULL DEFAULT 900 CHECK (score_max <= 900),
    new_cars            boolean NOT NULL,
    used_cars           boolean NOT NULL,
    year_min            smallint NOT NULL DEFAULT 1900,
    mileage_max         integer NOT NULL DEFAULT 2000000,
    new_ltv_basis       ltv_basis NOT NULL,
    used_ltv_basis      ltv_basis NOT NULL,
    ltv_front_max_bp    numeric(8, 2) NOT NULL CHECK (ltv_front_max_bp > 0),
    ltv_total_max_bp    numeric(8, 2) NOT NULL CHECK (ltv_total_max_bp >= ltv_front_max_bp),
    amount_min_cents    cents NOT NULL,
    amount_max_cents    cents NOT NULL,
    pti_max_bp          basis_points NOT NULL,
    dti_max_bp          basis_points NOT NULL,
    buy_rate_bp         basis_points NOT NULL,
    markup_max_bp       basis_points NOT NULL,
    reserve_share_bp    basis_points NOT NULL,
    lender_fee_cents    cents NOT NULL DEFAULT 0,
    acquisition_cents   cents NOT NULL DEFAULT 0,
    stipulations        text[] NOT NULL DEFAULT '{}',
    disposition         disposition NOT NULL,
    PRIMARY KEY (rates_version, programme_id, tier, term_months),
    CHECK (score_min <= score_max),
    CHECK (amount_min_cents < amount_max_cents),
    CHECK (new_cars OR used_cars)
);

CREATE TABLE risk_models (
    risk_version   text PRIMARY KEY CHECK (risk_version <> ''),
    effective_from date NOT NULL UNIQUE,
    is_sample      boolean NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- Pairs that do not fall, from the contract's start to all of the loss by the term's end; (0, 0) is implied.
CREATE FUNCTION is_loss_timing(timing jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    pair jsonb;
    term_share double precision := 0;
    loss_share double precision := 0;
BEGIN
    FOR pair IN SELECT * FROM jsonb_array_elements(timing) LOOP
        IF jsonb_array_length(pair) <> 2 OR (pair->>0)::float8 < term_share OR (pair->>1)::float8 < loss_share THEN
            RETURN false;
        END IF;
        term_share := (pair->>0)::float8;
        loss_share := (pair->>1)::float8;
    END LOOP;
    RETURN term_share <= 1 AND loss_share = 1;
EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation OR null_value_not_allowed THEN
    RETURN false;
END $$;

-- Loss and prepayment by tier; timing is [[share of term, share of loss], ...], laid over each term.
CREATE TABLE risk_curves (
    risk_version          text NOT NULL REFERENCES risk_models,
    tier                  credit_tier NOT NULL,
    funding_rate          double precision NOT NULL CHECK (funding_rate >= 0 AND funding_rate < 1),
    cnl                   double precision NOT NULL CHECK (cnl >= 0 AND cnl < 1),
    loss_timing           jsonb NOT NULL CHECK (is_loss_timing(loss_timing)),
    recovery              double precision NOT NULL CHECK (recovery >= 0 AND recovery < 1),
    recovery_lag_months   smallint NOT NULL CHECK (recovery_lag_months >= 0),
    abs_speed             double precision NOT NULL CHECK (abs_speed >= 0 AND abs_speed < 1),
    servicing_month_cents cents NOT NULL,
    PRIMARY KEY (risk_version, tier)
);

-- What was quoted from a sheet or a model must be reproducible: a change is a new version.
CREATE TRIGGER rate_sheets_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lender_programmes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lender_programmes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER risk_models_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_models
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER risk_curves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_curves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Deals ------------------------------------------------------------------------------------------------------------

CREATE TABLE deals (
    deal_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    store_id       text NOT NULL REFERENCES stores,
    customer_id    uuid NOT NULL,
    salesperson_id uuid NOT NULL REFERENCES users (user_id),
    state          deal_state NOT NULL DEFAULT 'working',
    -- The no of the deal's last event, 0 before the first. Only an insert into deal_events moves it.
    version        bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    -- records.Structure as it stands on the wire.
    structure      jsonb NOT NULL CHECK (jsonb_typeof(structure) = 'object'),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    -- A deal and its customer are of one store.
    FOREIGN KEY (customer_id, store_id) REFERENCES customers (customer_id, store_id)
);
CREATE INDEX deals_store_updated ON deals (store_id, updated_at DESC, deal_id DESC);
CREATE INDEX deals_customer ON deals (customer_id);

-- What people decided, in order. Append-only: the application's role may insert and read, nothing else.
CREATE TABLE deal_events (
    deal_id    uuid NOT NULL REFERENCES deals,
    no         bigint NOT NULL CHECK (no >= 1),
    op         uuid NOT NULL,
    kind       text NOT NULL CHECK (kind <> ''),
    -- The event's fields in full, without channel, seq and at.
    body       jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    -- What the command was answered, given again when the op is repeated.
    reply      jsonb NOT NULL CHECK (jsonb_typeof(reply) = 'object'),
    user_id    uuid NOT NULL REFERENCES users,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (deal_id, no),
    UNIQUE (deal_id, op)
);

-- An event and the deal's version move together: the next no is version + 1, taken under the deal's row lock. Hence
-- no is contiguous (1, 2, 3 ...) and version is always the last no. The application's role may not write version
-- itself (see the grants), so this runs with the owner's rights.
CREATE FUNCTION take_deal_event_no() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE deals SET version = NEW.no, updated_at = now() WHERE deal_id = NEW.deal_id AND version = NEW.no - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'deal_events.no: % does not follow the version of deal %', NEW.no, NEW.deal_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deal_events_contiguous BEFORE INSERT ON deal_events
    FOR EACH ROW EXECUTE FUNCTION take_deal_event_no();

CREATE TRIGGER deal_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deal_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An offer that was put before somebody, with the versions that reproduce it.
CREATE TABLE offers (
    offer_id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    deal_id           uuid NOT NULL REFERENCES deals,
    deal_version      bigint NOT NULL CHECK (deal_version >= 0),
    vehicle_id        bigint NOT NULL REFERENCES vehicles,
    vehicle_rev       bigint NOT NULL CHECK (vehicle_rev >= 1),
    rates_version     text NOT NULL,
    programme_id      text NOT NULL,
    tier              credit_tier NOT NULL,
    term_months       smallint NOT NULL,
    risk_version      text NOT NULL REFERENCES risk_models,
    tax_version       text NOT NULL CHECK (tax_version <> ''),
    engine_version    text NOT NULL CHECK (engine_version <> ''),
    structure         jsonb NOT NULL CHECK (jsonb_typeof(structure) = 'object'),
    rate_bp           basis_points NOT NULL,
    cash_down_cents   cents NOT NULL,
    discount_cents    cents NOT NULL DEFAULT 0,
    principal_cents   cents NOT NULL CHECK (principal_cents > 0),
    payment_cents     cents NOT NULL CHECK (payment_cents > 0),
    npv_cents         bigint NOT NULL,
    created_by        uuid NOT NULL REFERENCES users,
    created_at        timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (rates_version, programme_id, tier, term_months)
        REFERENCES lender_programmes (rates_version, programme_id, tier, term_months)
);
CREATE INDEX offers_deal ON offers (deal_id, created_at);
CREATE INDEX offers_vehicle ON offers (vehicle_id);
CREATE TRIGGER offers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The application's role --------------------------------------------------------------------------------------------

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'deal_app') THEN
        CREATE ROLE deal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Roles are the cluster's: another database was migrated at the same moment.
END $$;
-- Whoever has one URL only connects as the owner and steps down to deal_app; with two URLs this is not needed, and an
-- owner who may not grant the role is then no obstacle.
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'deal_app', 'SET') THEN
        EXECUTE format('GRANT deal_app TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE '% may not act as deal_app: the application needs a URL of its own', current_user;
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO deal_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO deal_app;
GRANT INSERT, UPDATE ON customers TO deal_app;
GRANT INSERT, UPDATE (revoked_at) ON credentials TO deal_app;
-- A deal begins as working at version 0, stays with its customer, and moves its version by events alone.
GRANT INSERT (deal_id, store_id, customer_id, salesperson_id, structure) ON deals TO deal_app;
GRANT UPDATE (state, structure) ON deals TO deal_app;
GRANT INSERT ON deal_events, offers TO deal_app;
