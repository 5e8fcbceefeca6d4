-- What the guards of a sync remember, so that a day of small changes is judged like one large change, and what becomes of
-- e-mails and names that pass from one to another.

-- When the directory was read: later than `at` if a run that is held was found again.
ALTER TABLE ops.sync_runs
    ALTER COLUMN at SET DEFAULT statement_timestamp(),
    ADD COLUMN read_at timestamptz NOT NULL DEFAULT statement_timestamp();
UPDATE ops.sync_runs SET read_at = at;
GRANT UPDATE (read_at, reasons, evidence, differences) ON ops.sync_runs TO ops_dashboard_app;

-- Retired: its people and groups were taken out for good; another sync of it is a first one.
ALTER TABLE ops.sources ADD COLUMN retired_at timestamptz;

ALTER TABLE ops.users
    ADD COLUMN email_since timestamptz,  -- when the e-mail was changed last; NULL if it never was
    -- The directory says that the e-mail is somebody else's, and no sync has taken that over yet.
    ADD COLUMN email_taken boolean NOT NULL DEFAULT false;

-- The group that bore a name last, also when it bears another by now, or is gone: a name that grants use means that group.
CREATE TABLE ops.group_names (
    name text PRIMARY KEY,
    group_id bigint NOT NULL
);
INSERT INTO ops.group_names
SELECT DISTINCT ON (name) name, group_id FROM ops.groups ORDER BY name, removed_at DESC NULLS FIRST;
GRANT SELECT, INSERT, UPDATE (group_id) ON ops.group_names TO ops_dashboard_app;

-- The memberships of a day ago: those that still hold, and these.
CREATE INDEX direct_memberships_ended ON ops.direct_memberships (valid_to) WHERE valid_to IS NOT NULL;

-- A run that is held is read anew, decided or superseded. Every other is as it is on record, and so is a decision.
CREATE FUNCTION ops.refuse_sync_edit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'held' THEN
        RETURN NEW;
    END IF;
    RAISE 'ops.sync_runs: a run that is not held can not be changed or deleted' USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER decided_once BEFORE UPDATE OR DELETE ON ops.sync_runs
    FOR EACH ROW EXECUTE FUNCTION ops.refuse_sync_edit();

-- An e-mail as the directory's copy has it; NULL for what can be none. Other letters than ASCII's must not become them:
-- lower() makes a k of the Kelvin sign.
CREATE FUNCTION ops.email_of(who text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(convert_to(who, 'UTF8')) = length(who) THEN lower(who) END;
GRANT EXECUTE ON FUNCTION ops.email_of TO ops_dashboard_app;
REVOKE ALL ON FUNCTION ops.email_of, ops.refuse_sync_edit FROM PUBLIC;

-- May `who` (an e-mail) do what is `asked` ("scale:ads/bidder")? Default deny. The clock is the database's.
-- `requested` and `present` are the value asked for and the one that is there; what is not given is not judged.
-- Limits are judged grant by grant, never merged: one grant must allow all of it. Of several that do, the widest is
-- named; of several that don't, the one that comes closest.
-- STABLE is part of the meaning: all queries in it see the same snapshot, also while a sync commits.
CREATE OR REPLACE FUNCTION ops.decide(who text, asked text, requested numeric DEFAULT NULL, present numeric DEFAULT NULL)
RETURNS ops.decision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    my_groups text[];
    person record;
    closest record;
BEGIN
    SELECT users.user_id, users.active, users.email_taken, sources.applied_at, sources.max_age, direct.group_ids
      INTO person
      FROM ops.users JOIN ops.sources USING (source)
      LEFT JOIN ops.direct_memberships AS direct ON direct.user_id = users.user_id AND direct.valid_to IS NULL
     WHERE users.email = ops.email_of(who) AND users.removed_at IS NULL;
    IF NOT FOUND THEN
        RETURN ops.decide_unknown(who);
    ELSIF NOT person.active THEN
        RETURN (false, 'your account is suspended in the company directory', NULL, person.applied_at, person.max_age
            )::ops.decision;
    ELSIF person.email_taken THEN
        RETURN (false, 'your e-mail belongs to somebody else in the company directory by now, and nothing is decided for'
            ' it until a sync takes that over; ask your Data Platform team to look at DAG ops_sync_groups',
            NULL, person.applied_at, person.max_age)::ops.decision;
    ELSIF moment - person.applied_at > person.max_age THEN
        RETURN (false, format('the company directory was last read completely %s ago, at %s; nothing is decided from'
                ' data older than %s; ask your Data Platform team to look at DAG ops_sync_groups',
                ops.roughly(moment - person.applied_at), ops.minute(person.applied_at), ops.roughly(person.max_age)),
            NULL, person.applied_at, person.max_age)::ops.decision;
    END IF;
    -- As ops.groups_of, with an array in place of the joins: index look-ups, whatever the statistics say.
    my_groups := ARRAY(
        SELECT (SELECT groups.name FROM ops.groups
                 WHERE groups.group_id = containments.group_id
                   AND coalesce(moment - groups.stale_since <= person.max_age, true))
          FROM ops.containments WHERE containments.inner_id = ANY (person.group_ids));

    SELECT held, judged.standing INTO closest
      FROM ops.grants AS held
     CROSS JOIN LATERAL (SELECT greatest(0, held.min_value - requested, requested - held.max_value,
                                         abs(requested - present) - held.max_change)) AS beyond (limits)
     CROSS JOIN LATERAL (SELECT CASE WHEN held.valid_from > moment THEN 'early'
                                     WHEN held.expires_at <= moment THEN 'expired'
                                     WHEN beyond.limits > 0 THEN 'limited'
                                     ELSE 'allows' END) AS judged (standing)
     WHERE held.revoked_at IS NULL AND held.group_name = ANY (my_groups) AND asked LIKE held.pattern
     ORDER BY array_position(ARRAY['allows', 'limited', 'early', 'expired'], judged.standing), beyond.limits,
              greatest(held.valid_from - moment, moment - held.expires_at, interval '0'),
              held.max_value DESC NULLS FIRST, held.min_value NULLS FIRST, held.max_change DESC NULLS FIRST,
              held.expires_at DESC NULLS FIRST, held.grant_id
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN (false, concat_ws('; ',
                ops.why_not(ARRAY(SELECT DISTINCT name FROM unnest(my_groups) AS name WHERE name IS NOT NULL), asked),
                CASE WHEN array_position(my_groups, NULL) IS NOT NULL
                     THEN ops.stale_groups_of(person.user_id, moment, person.max_age) END),
            NULL, person.applied_at, person.max_age)::ops.decision;
    END IF;
    RETURN (closest.standing = 'allows', ops.words_of(closest.held, closest.standing, requested, present),
            (closest.held).grant_id, person.applied_at, person.max_age)::ops.decision;
END;
$$;
