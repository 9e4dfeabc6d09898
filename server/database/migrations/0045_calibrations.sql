-- A risk model that `calibrate` made, and what from. Never changed: whoever asks later why a contract was worth what
-- it was, finds the history's range, the software and the person here.
CREATE TABLE calibrations (
    risk_version     text PRIMARY KEY REFERENCES risk_models,
    replaces         text NOT NULL REFERENCES risk_models,
    made_at          timestamptz NOT NULL DEFAULT now(),
    made_by          text NOT NULL CHECK (made_by <> ''),
    software_version text NOT NULL CHECK (software_version <> ''),
    as_of            date NOT NULL,
    first_month      text NOT NULL CHECK (first_month ~ '^[0-9]{4}-[0-9]{2}$'),
    last_month       text NOT NULL CHECK (last_month ~ '^[0-9]{4}-[0-9]{2}$' AND last_month >= first_month),
    payments         bigint NOT NULL CHECK (payments >= 0),
    loans            bigint NOT NULL CHECK (loans >= 0),
    -- By band: counts, Z, and the bands of 95 % of loss and speed.
    bands            jsonb NOT NULL
);
CREATE TRIGGER calibrations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON calibrations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- No process reads it: who wants to know asks as the schema's owner.
