-- What happened at the doors. Only added to: the application neither changes nor deletes a row, the owner deletes old
-- ones. Nothing refers to another table, so that a row outlives what it tells of.
CREATE TABLE security_events (
    event_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL,
    -- The same thing of the same person at the same place within a minute is one row; this is its last time.
    until         timestamptz NOT NULL,
    count         bigint NOT NULL CHECK (count > 0),
    kind          text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    -- NULL where nobody knows whose it is: an unknown login, a token that is none.
    store_id      text,
    user_id       uuid,
    login         text NOT NULL DEFAULT '' CHECK (length(login) <= 63),
    -- Of a login that nobody has, a keyed digest: people type passwords there.
    login_digest  text NOT NULL DEFAULT '' CHECK (length(login_digest) <= 32),
    -- Empty for what was done at the terminal.
    address       text NOT NULL DEFAULT '' CHECK (length(address) <= 64),
    connection_id text NOT NULL DEFAULT '' CHECK (length(connection_id) <= 64),
    deal_id       uuid,
    customer_ids  uuid[] NOT NULL DEFAULT '{}',
    detail        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    CHECK (until >= at)
);
CREATE INDEX security_events_at ON security_events (at DESC, event_id DESC);
CREATE INDEX security_events_of_store ON security_events (store_id, at DESC, event_id DESC);

ALTER TABLE security_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON security_events FOR SELECT TO deal_app
    USING (store_id = (SELECT scope_store()) OR (store_id IS NULL AND (SELECT scope_store()) IS NOT NULL));
CREATE POLICY own_store_adds ON security_events FOR INSERT TO deal_app
    WITH CHECK (store_id IS NULL OR store_id = (SELECT scope_store()));
GRANT SELECT, INSERT ON security_events TO deal_app;

-- Whoever comes back begins anew: what a person held when they left counts for nothing.
CREATE FUNCTION revoke_of_inactive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credentials SET revoked_at = now() WHERE user_id = NEW.user_id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER users_inactive_revoked AFTER UPDATE OF active ON users FOR EACH ROW
    WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION revoke_of_inactive();
UPDATE credentials SET revoked_at = now() FROM users
 WHERE users.user_id = credentials.user_id AND NOT active AND revoked_at IS NULL;
