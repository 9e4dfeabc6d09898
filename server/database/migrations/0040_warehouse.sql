-- What the sync from a warehouse has done, one row for each kind of rows. Only the schema's owner, who syncs, sees it.
CREATE TABLE sync_state (
    what        text PRIMARY KEY CHECK (what IN ('stock', 'customers', 'loans', 'payments')),
    -- The last complete run read everything that had changed before this moment of the warehouse's clock.
    complete_to timestamptz,
    -- The run that is under way, or broke off: how far it goes, and the last row that it merged. Without an id it
    -- merged all that changed before page_at.
    target_at   timestamptz,
    page_at     timestamptz,
    page_id     text,
    -- Since the first run: rows that were read, changed anything here, removed something, or could not be stored.
    rows_read      bigint NOT NULL DEFAULT 0,
    rows_changed   bigint NOT NULL DEFAULT 0,
    rows_removed   bigint NOT NULL DEFAULT 0,
    rows_rejected  bigint NOT NULL DEFAULT 0,
    pages          bigint NOT NULL DEFAULT 0,
    breaks         bigint NOT NULL DEFAULT 0,
    source_ms      bigint NOT NULL DEFAULT 0,
    started_at  timestamptz,
    finished_at timestamptz,
    compared_at timestamptz,
    failed_at   timestamptz,
    failure     text NOT NULL DEFAULT '',
    CHECK (page_at IS NOT NULL OR page_id IS NULL),
    CHECK (target_at IS NOT NULL OR page_at IS NULL)
);

-- Customers that came from the warehouse, as it last stated them: what people changed here since stays until the
-- warehouse states another value.
CREATE TABLE customer_sources (
    customer_id uuid PRIMARY KEY REFERENCES customers ON DELETE CASCADE,
    source_id   text NOT NULL,
    facts       jsonb NOT NULL CHECK (jsonb_typeof(facts) = 'object'),
    stated_at   timestamptz NOT NULL,
    -- Set if the warehouse no longer has a customer who cannot be removed, since there are deals.
    gone_at     timestamptz
);

-- No role of the application has any right to them; the owner is not bound by this.
ALTER TABLE sync_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer_sources ENABLE ROW LEVEL SECURITY;
