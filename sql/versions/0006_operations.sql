-- Beyond its limits a grant may be exceeded if somebody of this group approves. An approval is of one request; how it is
-- asked for and given is Airflow's part.
ALTER TABLE ops.grants ADD COLUMN approver text CHECK (approver <> '');

-- Its columns are those that the table had when it was made.
CREATE OR REPLACE VIEW ops.grants_in_force AS
SELECT *
  FROM ops.grants
 WHERE revoked_at IS NULL
   AND (valid_from IS NULL OR valid_from <= clock_timestamp())
   AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- As before, but a value that is no number comes as NaN, which is beyond every limit, and is told so.
CREATE OR REPLACE FUNCTION ops.words_of(held ops.grants, standing text, requested numeric, present numeric)
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

-- As before, but of several grants whose limits are exceeded one with an approver comes first: it offers a way.
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

-- What asks a running operation to end; it looks here every second. The ledger has the same as an act of its own.
CREATE TABLE ops.cancellations (
    dag_id text NOT NULL,
    run_id text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dag_id, run_id)
);

-- Operations are told apart from each other by their last runs, which began but need not have changed anything.
CREATE INDEX ledger_started ON ops.ledger (action, resource, opened) WHERE event = 'started';

GRANT SELECT, INSERT ON ops.cancellations TO ops_dashboard_app;
