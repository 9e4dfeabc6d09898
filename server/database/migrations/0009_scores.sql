-- Salespeople of a store with these see a score, 1 to 5, in the place of an NPV: the least NPVs of the scores 2 to 5.
CREATE FUNCTION is_rising(edges bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS
    $$ SELECT edges = ARRAY(SELECT DISTINCT edge FROM unnest(edges) AS edge ORDER BY edge) $$;

ALTER TABLE stores ADD COLUMN score_edges_cents bigint[]
    CHECK (cardinality(score_edges_cents) = 4 AND array_position(score_edges_cents, NULL) IS NULL
           AND is_rising(score_edges_cents));

-- Who has a screen of the store open sees it the other way at once.
CREATE FUNCTION announce_people_of_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('people', user_id::text) FROM users WHERE store_id = NEW.store_id;
    RETURN NULL;
END $$;

CREATE TRIGGER stores_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN (OLD.score_edges_cents IS DISTINCT FROM NEW.score_edges_cents)
    EXECUTE FUNCTION announce_people_of_store();
