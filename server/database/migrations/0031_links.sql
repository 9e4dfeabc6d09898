-- What a deal shows to its customer; NULL: the deal's own offer.
ALTER TABLE deals ADD COLUMN presentation jsonb CHECK (jsonb_typeof(presentation) = 'object');
GRANT UPDATE (presentation) ON deals TO deal_app;

-- The links with which customers open what their deal shows. Of a token there is only a hash.
CREATE TABLE deal_links (
    link_id        uuid PRIMARY KEY,
    deal_id        uuid NOT NULL REFERENCES deals,
    token_hash     bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    made_by        jsonb NOT NULL CHECK (jsonb_typeof(made_by) = 'object'),
    made_at        timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    -- Those within a minute of the one before do not count.
    opens          bigint NOT NULL DEFAULT 0 CHECK (opens >= 0),
    last_opened_at timestamptz,
    CHECK (expires_at > made_at AND expires_at <= made_at + interval '168 hours')
);
CREATE INDEX deal_links_of_deal ON deal_links (deal_id, made_at);

-- What customers accepted, as it stood on their screens. Append-only.
CREATE TABLE deal_acceptances (
    acceptance_id uuid PRIMARY KEY,
    deal_id       uuid NOT NULL REFERENCES deals,
    at            timestamptz NOT NULL DEFAULT now(),
    -- NULL: recorded on a screen of the store.
    link_id       uuid REFERENCES deal_links,
    -- The acceptance as it is sent to the desk, without id and time.
    body          jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object')
);
CREATE INDEX deal_acceptances_of_deal ON deal_acceptances (deal_id, at);
CREATE TRIGGER deal_acceptances_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deal_acceptances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE deal_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE deal_acceptances ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON deal_links TO deal_app
    USING (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_links.deal_id))
    WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_links.deal_id));
CREATE POLICY own_store ON deal_acceptances TO deal_app
    USING (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_acceptances.deal_id))
    WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_acceptances.deal_id));
CREATE POLICY whole_system ON deal_links TO deal_system USING (true) WITH CHECK (true);
CREATE POLICY whole_system ON deal_acceptances TO deal_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON deal_links, deal_acceptances TO deal_app;
GRANT UPDATE (revoked_at, opens, last_opened_at) ON deal_links TO deal_app;
-- The system has nothing to do with hashes of tokens.
GRANT SELECT (link_id, deal_id, made_by, made_at, expires_at, revoked_at, opens, last_opened_at)
    ON deal_links TO deal_system;
GRANT SELECT ON deal_acceptances TO deal_system;

-- Whoever presents a token names no store yet, so these run with the owner's rights. They return live links only.
CREATE FUNCTION link_by_token(given bytea)
    RETURNS TABLE (link_id uuid, deal_id uuid, store_id text, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT l.link_id, l.deal_id, d.store_id, l.expires_at
      FROM public.deal_links l JOIN public.deals d USING (deal_id)
     WHERE l.token_hash = given AND l.revoked_at IS NULL AND l.expires_at > now()
$$;
CREATE FUNCTION link_by_id(given uuid)
    RETURNS TABLE (link_id uuid, deal_id uuid, store_id text, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT l.link_id, l.deal_id, d.store_id, l.expires_at
      FROM public.deal_links l JOIN public.deals d USING (deal_id)
     WHERE l.link_id = given AND l.revoked_at IS NULL AND l.expires_at > now()
$$;
REVOKE ALL ON FUNCTION link_by_token(bytea), link_by_id(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION link_by_token(bytea), link_by_id(uuid) TO deal_app;

-- Web processes close the sockets of a revoked link, as they do for a session that ended.
CREATE FUNCTION announce_revoked_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('people', NEW.link_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER deal_links_revoked AFTER UPDATE OF revoked_at ON deal_links FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION announce_revoked_link();
