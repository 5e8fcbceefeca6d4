-- Who may do what: grants, and ops.decide, the only place where a right is judged.
--
-- An action is written verb:resource ("scale:ads/bidder"). A grant's action may hold `*` anywhere in the resource,
-- standing for any characters, or be a bare `*`. Nothing else in it is special, but that manage:grants is short for
-- manage:grants*: to give scale:ads/* one must be allowed to manage:grants/scale/ads/*.

-- The LIKE pattern that means the same as an action pattern.
CREATE FUNCTION ops.like_pattern(action text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE action WHEN 'manage:grants' THEN 'manage:grants%' ELSE replace(replace(replace(replace(action, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%') END;

-- The first 64 characters of what stands before the first `*`. A pattern can only match an action that begins with
-- its anchor, so an index finds the few patterns that come into question instead of trying them all.
CREATE FUNCTION ops.anchor(action text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(split_part(action, '*', 1), 64);

-- Every anchor with which a pattern could match the action.
CREATE FUNCTION ops.possible_anchors(action text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    anchors text[] := '{}';
BEGIN
    FOR size IN 0 .. least(length(action), 64) LOOP
        anchors := anchors || left(action, size);
    END LOOP;
    RETURN anchors;
END;
$$;

-- Grants never change: they are revoked, and given anew. They name the group, because Git does, and may be declared
-- before the directory knows it.
CREATE TABLE ops.grants (
    grant_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_name text NOT NULL CHECK (group_name <> ''),
    action text NOT NULL CHECK (action = '*' OR action ~ '^[a-z]+:.'),
    anchor text NOT NULL GENERATED ALWAYS AS (ops.anchor(action)) STORED,
    pattern text NOT NULL GENERATED ALWAYS AS (ops.like_pattern(action)) STORED,
    min_value integer,
    max_value integer,
    max_change integer CHECK (max_change > 0),
    valid_from timestamptz,
    expires_at timestamptz,
    origin text NOT NULL CHECK (origin IN ('catalog', 'page')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    reason text,  -- in the words of who gave it on the page
    revoked_at timestamptz,
    revoked_by text,
    -- The group of whom somebody may approve a request beyond the limits. How that is asked for is Airflow's part.
    approver text CHECK (approver <> ''),
    CHECK (min_value <= max_value),
    CHECK (valid_from < expires_at),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX grants_by_anchor ON ops.grants (anchor, group_name) WHERE revoked_at IS NULL;
CREATE INDEX grants_of_group ON ops.grants (group_name, anchor) WHERE revoked_at IS NULL;

CREATE FUNCTION ops.refuse_grant_edit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- The generated columns are computed only after this.
    may_differ constant text[] := '{revoked_at,revoked_by,anchor,pattern}';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
        AND to_jsonb(OLD) - may_differ = to_jsonb(NEW) - may_differ
    THEN
        RETURN NEW;
    END IF;
    RAISE 'ops.grants: a grant can be revoked once, not changed or deleted' USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER revoke_only BEFORE UPDATE OR DELETE ON ops.grants
    FOR EACH ROW EXECUTE FUNCTION ops.refuse_grant_edit();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON ops.grants
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_grant_edit();

CREATE VIEW ops.grants_in_force AS
SELECT *
  FROM ops.grants
 WHERE revoked_at IS NULL
   AND (valid_from IS NULL OR valid_from <= clock_timestamp())
   AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- The groups that may do something now, those with the narrowest grant first: the people to ask.
CREATE FUNCTION ops.groups_that_may(asked text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    anchors text[] := ops.possible_anchors(asked);
BEGIN
    RETURN QUERY
    SELECT held.group_name
      FROM ops.grants AS held
     WHERE held.revoked_at IS NULL AND held.anchor = ANY (anchors) AND asked LIKE held.pattern
       AND coalesce(held.valid_from <= moment, true) AND coalesce(held.expires_at > moment, true)
       AND EXISTS (SELECT FROM ops.groups WHERE groups.name = held.group_name AND groups.removed_at IS NULL)
     GROUP BY held.group_name
     ORDER BY max(length(replace(held.action, '*', ''))) DESC, held.group_name;
END;
$$;

-- "a, b, c and 4 more"
CREATE FUNCTION ops.a_few(items text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_string(items[:3], ', ')
    || CASE WHEN cardinality(items) > 3 THEN format(' and %s more', cardinality(items) - 3) ELSE '' END;

CREATE FUNCTION ops.minute(moment timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"');

-- Why nobody who is in just these groups may do it, what they may do of the kind, and whom to ask:
-- "you are in no group that may scale:search/*; ads-oncall may scale ads/*; ask search-oncall".
CREATE FUNCTION ops.why_not(my_groups text[], asked text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    verb text := split_part(asked, ':', 1);
    team text := split_part(substr(asked, length(verb) + 2), '/', 1);
    moment timestamptz := clock_timestamp();
    mine text[];
    reaches_team boolean;
    others text[] := ARRAY(SELECT ops.groups_that_may(asked));
BEGIN
    SELECT array_agg(held.group_name || ' may ' || verb || ' ' || held.resource ORDER BY held.group_name, held.resource),
           bool_or(verb || ':' || team LIKE held.team_pattern)
      INTO mine, reaches_team
      FROM (SELECT grants.group_name, substr(grants.action, length(verb) + 2) AS resource,
                   split_part(grants.pattern, '/', 1) AS team_pattern
              FROM ops.grants
             WHERE grants.revoked_at IS NULL AND grants.group_name = ANY (my_groups)
               AND starts_with(grants.action, verb || ':')
               AND coalesce(grants.valid_from <= moment, true) AND coalesce(grants.expires_at > moment, true)) AS held;

    RETURN concat_ws('; ',
        'you are in no group that may ' || CASE
            -- "scale:search/*" would be wrong for somebody who may scale a part of search.
            WHEN strpos(asked, '/') > 0 AND reaches_team IS NOT TRUE THEN left(verb || ':' || team, 80) || '/*'
            ELSE left(asked, 80) END,
        CASE WHEN my_groups = '{}' THEN 'you are in no group at all'
            WHEN mine IS NULL THEN 'your groups may ' || left(verb, 80) || ' nothing'
            ELSE ops.a_few(mine) END,
        CASE WHEN others = '{}' THEN 'no group may' ELSE 'ask ' || ops.a_few(others) END);
END;
$$;

-- What one grant says to a request that its pattern matches, to the person who asks. A value that is no number comes as
-- NaN, which is beyond every limit.
CREATE FUNCTION ops.words_of(held ops.grants, standing text, requested numeric, present numeric)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    title text := format('grant %s → %s', held.group_name, held.action);
    change_exceeded boolean := coalesce(abs(requested - present) > held.max_change, false);
    bounds text;
BEGIN
    CASE standing
    WHEN 'allows' THEN
        RETURN format('%s may %s', held.group_name,
            CASE held.action WHEN '*' THEN 'do everything' ELSE regexp_replace(held.action, ':', ' ') END);
    WHEN 'early' THEN
        RETURN format('%s is not valid before %s', title, ops.minute(held.valid_from));
    WHEN 'expired' THEN
        RETURN format('%s expired at %s', title, ops.minute(held.expires_at));
    WHEN 'limited' THEN
        IF requested = 'NaN' THEN
            RETURN format('%s has limits, which judge numbers only, and what you asked for is none', title);
        ELSIF present = 'NaN' AND change_exceeded THEN
            RETURN format('%s allows changes of at most %s at a time, and what is there now is no number', title,
                held.max_change);
        END IF;
        bounds := concat_ws(' and ',
            CASE WHEN requested < held.min_value THEN format('at least %s', held.min_value) END,
            CASE WHEN requested > held.max_value THEN format('at most %s', held.max_value) END,
            CASE WHEN change_exceeded THEN format('changes of at most %s at a time', held.max_change) END);
        RETURN format('%s allows %s, you asked for %s', title, bounds,
            CASE WHEN change_exceeded THEN format('%s → %s', present, requested) ELSE requested::text END);
    END CASE;
END;
$$;

-- `synced_at` is when the person's directory was last known completely; nothing is decided from data older than `max_age`.
CREATE TYPE ops.decision AS (
    allowed boolean, reason text, grant_id bigint, synced_at timestamptz, max_age interval);

-- The answer to somebody whom no directory knows.
CREATE FUNCTION ops.decide_unknown(who text) RETURNS ops.decision
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    synced_at timestamptz := (SELECT max(applied_at) FROM ops.sources);
    reason text := format('you (%s) are not in the company directory', left(who, 80));
BEGIN
    IF synced_at IS NULL THEN
        reason := 'the company directory has not been loaded yet, so you are not known; DAG ops_sync_groups loads it';
    END IF;
    RETURN (false, reason, NULL, synced_at, NULL)::ops.decision;
END;
$$;

-- "6 hours", "2 days"
CREATE FUNCTION ops.roughly(span interval) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN span >= interval '48 hours' THEN floor(extract(epoch FROM span) / 86400) || ' days'
            WHEN span >= interval '2 hours' THEN floor(extract(epoch FROM span) / 3600) || ' hours'
            ELSE ceil(extract(epoch FROM span) / 60) || ' minutes' END;

-- The groups that somebody is in now. Without those whose people are not known well enough: who left them may still
-- seem to be in.
CREATE FUNCTION ops.groups_of(person bigint, moment timestamptz, max_age interval) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT DISTINCT groups.name
      FROM ops.memberships JOIN ops.groups USING (group_id)
     WHERE memberships.user_id = person AND coalesce(moment - groups.stale_since <= max_age, true)
     ORDER BY groups.name);

-- What to say of the groups that somebody seems to be in and that do not count: "the members of ads-oncall are not known
-- since 2026-11-23 03:00 UTC, so it does not count".
CREATE FUNCTION ops.stale_groups_of(person bigint, moment timestamptz, max_age interval) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('the members of %s could not be read since %s, so it does not count',
                  ops.a_few(array_agg(DISTINCT groups.name)), ops.minute(min(groups.stale_since)))
      FROM ops.memberships JOIN ops.groups USING (group_id)
     WHERE memberships.user_id = person AND moment - groups.stale_since > max_age
    HAVING count(*) > 0);

-- May `who` (an e-mail) do what is `asked` ("scale:ads/bidder")? Default deny. The clock is the database's.
-- `requested` and `present` are the value asked for and the one that is there; what is not given is not judged.
-- Limits are judged grant by grant, never merged: one grant must allow all of it. Of several that do, the widest is
-- named; of several that don't, one with an approver, which offers a way, or else the one that comes closest.
-- STABLE is part of the meaning: all queries in it see the same snapshot, also while a sync commits.
-- Its queries look up a few rows by index, whoever asks for what: to plan them anew each time would take longer.
CREATE FUNCTION ops.decide(who text, asked text, requested numeric DEFAULT NULL, present numeric DEFAULT NULL)
RETURNS ops.decision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
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
    ELSIF person.applied_at IS NULL THEN
        RETURN (false, 'your part of the company directory has never been read completely, and nothing is decided from'
            ' less; ask your Data Platform team to look at DAG ops_sync_groups', NULL, NULL, person.max_age
            )::ops.decision;
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
     ORDER BY array_position(ARRAY['allows', 'limited', 'early', 'expired'], judged.standing),
              judged.standing = 'limited' AND held.approver IS NULL, beyond.limits,
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
