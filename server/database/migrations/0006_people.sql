-- Sessions end everywhere: whoever holds a socket of somebody hears at commit that something about them changed.

-- What a credential may be used for. credential_id names it to its owner; the token itself is kept nowhere.
ALTER TABLE credentials
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write,decide}'
        CHECK (scopes <> '{}' AND scopes <@ '{read,write,decide,load}'),
    ADD COLUMN credential_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;

CREATE FUNCTION announce_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('people', OLD.user_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER users_announced AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.login, OLD.name, OLD.role, OLD.store_id, OLD.active, OLD.discount_authority_cents)
          IS DISTINCT FROM
          (NEW.login, NEW.name, NEW.role, NEW.store_id, NEW.active, NEW.discount_authority_cents))
    EXECUTE FUNCTION announce_person();
CREATE TRIGGER users_gone_announced AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION announce_person();
CREATE TRIGGER credentials_announced AFTER UPDATE ON credentials FOR EACH ROW
    WHEN ((OLD.user_id, OLD.scopes, OLD.expires_at, OLD.revoked_at)
          IS DISTINCT FROM (NEW.user_id, NEW.scopes, NEW.expires_at, NEW.revoked_at))
    EXECUTE FUNCTION announce_person();
CREATE TRIGGER credentials_gone_announced AFTER DELETE ON credentials
    FOR EACH ROW EXECUTE FUNCTION announce_person();

-- A sign-in replaces the hash where the parameters of hashing have changed since it was made.
GRANT UPDATE (password_hash) ON users TO deal_app;

-- Whose password everybody knows: such an account signs in where demo mode is on, and nowhere else.
ALTER TABLE users ADD COLUMN demo boolean NOT NULL DEFAULT false;
UPDATE users u SET demo = true FROM stores s
 WHERE s.store_id = u.store_id
   AND (u.login, u.name) IN ((s.store_id || '-sales', s.name || ' sales'),
                             (s.store_id || '-manager', s.name || ' manager'));
