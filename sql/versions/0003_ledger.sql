-- What happened: one row for each step of a request, appended by ops.ledger_append and never touched again.
-- Each row's hash covers all of it and the hash of the row before, so a changed past shows.

CREATE FUNCTION ops.utc_text(moment timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- sha256 over the previous hash and the row as a JSON array in jsonb's own text form, in UTF-8.
CREATE FUNCTION ops.ledger_hash(
    prev_hash bytea, seq bigint, opened bigint, step integer, at timestamptz, request_id uuid, event text, actor text,
    action text, resource text, dag_id text, run_id text, task_id text, reason text, deadline timestamptz, details jsonb
) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(prev_hash || convert_to(jsonb_build_array(
    seq, opened, step, ops.utc_text(at), request_id, event, actor, action, resource, dag_id, run_id, task_id, reason,
    ops.utc_text(deadline), details)::text, 'UTF8'));

-- The words of a text as the search sees them: runs of letters and digits.
CREATE FUNCTION ops.words(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN trim(regexp_replace(lower(content), '[^[:alnum:]]+', ' ', 'g'));

-- Finds rows that have all the words of the text's first 200 characters, each at least at the beginning of one of theirs.
CREATE FUNCTION ops.search_query(content text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsquery('simple', replace(nullif(ops.words(left(content, 200)), ''), ' ', ':* & ') || ':*');

-- Nothing more can happen to a request after these.
CREATE FUNCTION ops.ends(event text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN event IN ('denied', 'refused', 'succeeded', 'failed', 'unknown');

-- Whether a step's details are of the kinds that readers know: who may append may also append a forgery.
CREATE FUNCTION ops.are_details(details jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_typeof(details) = 'object'
   AND NOT details @? 'strict $.* ? (@.type() == "object" || @.type() == "array")'
   AND NOT details @? 'strict $.* ? (@.type() == "number" && (@ > 1e300 || @ < -1e300))'  -- what a double can hold
   AND NOT details @? 'strict $.ready ? (@.type() != "number" || @.floor() != @)'
   AND NOT details @? 'strict $.seconds ? (@.type() != "number")'
   AND NOT details @? 'strict $.message ? (@.type() != "string")'
   AND NOT details @? 'strict $.grant ? (@.type() != "string")'
   AND NOT details @? 'strict $.approver ? (@.type() != "string")'
   AND NOT details @? 'strict $.answered_by ? (@.type() != "string")'
   AND NOT details @? 'strict $.note ? (@.type() != "string")'
   AND NOT details @? 'strict $.cancelled_by ? (@.type() != "string")'
   AND NOT details @? 'strict $.within ? (@.type() != "number" || @ < 0 || @ > 1e9)';

CREATE TABLE ops.ledger (
    seq bigint PRIMARY KEY,
    opened bigint NOT NULL,  -- seq of the request's first row
    step integer NOT NULL,  -- 1 for the request's first row, 2 for its second
    at timestamptz NOT NULL,
    request_id uuid NOT NULL,
    event text NOT NULL
        CHECK (event IN ('waiting', 'answered', 'denied', 'refused', 'started', 'changed', 'succeeded', 'failed', 'unknown')),
    -- Lengths: what is indexed must fit into an index, and a record must not fail over a long text.
    actor text NOT NULL CHECK (length(actor) <= 250),
    action text NOT NULL CHECK (length(action) <= 250),
    resource text NOT NULL CHECK (length(resource) <= 250),
    dag_id text NOT NULL CHECK (length(dag_id) <= 250),
    run_id text NOT NULL CHECK (length(run_id) <= 250),
    task_id text NOT NULL CHECK (length(task_id) <= 250),
    reason text NOT NULL CHECK (length(reason) <= 2000),
    deadline timestamptz,  -- of what is waiting: it can't start later; of what has started: afterwards nobody knows
    details jsonb NOT NULL CHECK (ops.are_details(details)),
    prev_hash bytea NOT NULL UNIQUE,  -- no two rows can follow the same one
    hash bytea NOT NULL,
    words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', ops.words(
        actor || ' ' || action || ' ' || resource || ' ' || reason || ' ' || coalesce(details ->> 'message', '') || ' ' ||
        coalesce(details ->> 'before', '') || ' ' || coalesce(details ->> 'requested', '') || ' ' ||
        coalesce(details ->> 'after', '') || ' ' || coalesce(details ->> 'answered_by', '') || ' ' ||
        coalesce(details ->> 'note', '')))) STORED,
    CHECK ((event IN ('waiting', 'started')) = (deadline IS NOT NULL)),
    CONSTRAINT ledger_hash_fits CHECK (hash = ops.ledger_hash(
        prev_hash, seq, opened, step, at, request_id, event, actor, action, resource, dag_id, run_id, task_id, reason,
        deadline, details)),
    CONSTRAINT ledger_first_step_opens CHECK ((step = 1) = (seq = opened)),
    UNIQUE (opened, event)
);
CREATE UNIQUE INDEX ledger_opens_once ON ops.ledger (request_id) WHERE step = 1;
CREATE UNIQUE INDEX ledger_ends_once ON ops.ledger (opened) WHERE ops.ends(event);
CREATE UNIQUE INDEX ledger_starts_once ON ops.ledger (dag_id, run_id, task_id) WHERE event = 'started';

CREATE INDEX ledger_by_event ON ops.ledger (event, opened);
CREATE INDEX ledger_by_actor ON ops.ledger (actor, opened);
CREATE INDEX ledger_by_action ON ops.ledger (action, opened);
CREATE INDEX ledger_by_resource ON ops.ledger (resource, opened);
CREATE INDEX ledger_started ON ops.ledger (action, resource, seq) WHERE event = 'started';
CREATE INDEX ledger_answered_to ON ops.ledger (lower(actor), opened) WHERE event = 'answered';
CREATE INDEX ledger_answered_by ON ops.ledger (lower(details ->> 'answered_by'), opened) WHERE event = 'answered';
CREATE INDEX ledger_by_run ON ops.ledger (run_id);
CREATE INDEX ledger_by_time ON ops.ledger (at, seq);
CREATE INDEX ledger_by_words ON ops.ledger USING gin (words) WITH (fastupdate = off);  -- no append waits for another's clean-up

-- The requests that wait or have started, and have not ended: the ledger's only query that no index on it can answer.
-- What it says follows from the ledger, and only ops.ledger_append writes here.
CREATE TABLE ops.open_requests (
    opened bigint PRIMARY KEY,
    deadline timestamptz NOT NULL,
    has_started boolean NOT NULL
);

CREATE FUNCTION ops.refuse_ledger_edit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE 'ops.ledger is append-only: % is not allowed', TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_ledger_edit();
-- Also when a superuser sets session_replication_role, which switches ordinary triggers off.
ALTER TABLE ops.ledger ENABLE ALWAYS TRIGGER append_only;

-- Append one step of a request and return its seq. The same step of the same request is recorded once: a repeated
-- call, after a commit whose answer was lost, returns the seq it already has. But what leads to an act is made by one
-- execution alone: NULL means that this request's answer was taken up before, or this DAG run's task was started before,
-- whoever did it. Writers wait for each other until they commit, though not for ever: if one hangs,
-- the others fail, and without a record they don't act. They must be READ COMMITTED.
CREATE FUNCTION ops.ledger_append(
    request_id uuid, event text, actor text, action text, resource text, dag_id text, run_id text, task_id text,
    reason text, deadline timestamptz, details jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
    opening ops.ledger;
    steps integer := 0;
    was_answered boolean;
    has_started boolean;
    has_ended boolean;
    known_seq bigint;
    last ops.ledger;
    next ops.ledger;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ops.ledger', 0));
    -- Nor does a writer that hangs before it commits keep all others from acting.
    PERFORM set_config('idle_in_transaction_session_timeout', '30s', true);

    SELECT * INTO opening FROM ops.ledger AS entry
     WHERE entry.request_id = ledger_append.request_id AND entry.step = 1;
    IF FOUND THEN
        SELECT count(*), bool_or(entry.event = 'answered'), bool_or(entry.event = 'started'),
               bool_or(ops.ends(entry.event)), max(entry.seq) FILTER (WHERE entry.event = ledger_append.event)
          INTO steps, was_answered, has_started, has_ended, known_seq
          FROM ops.ledger AS entry WHERE entry.opened = opening.seq;
        IF known_seq IS NOT NULL THEN
            RETURN CASE WHEN event NOT IN ('waiting', 'answered', 'started') THEN known_seq END;
        ELSIF (actor, action, resource, dag_id, run_id, task_id, reason) IS DISTINCT FROM
            (opening.actor, opening.action, opening.resource, opening.dag_id, opening.run_id, opening.task_id,
             opening.reason)
        THEN
            RAISE 'request % was opened with other values', request_id USING ERRCODE = 'check_violation';
        ELSIF has_ended THEN
            RAISE 'request % has ended', request_id USING ERRCODE = 'check_violation';
        ELSIF event = 'waiting' OR event = 'answered' AND (opening.event <> 'waiting' OR has_started) THEN
            RAISE 'request % does not wait', request_id USING ERRCODE = 'check_violation';
        ELSIF event = 'started' AND opening.event = 'waiting'
            AND (NOT was_answered OR opening.deadline <= clock_timestamp())
        THEN
            RAISE 'request % was not answered in time', request_id USING ERRCODE = 'check_violation';
        END IF;
    ELSIF event = 'answered' THEN
        RAISE 'request % does not wait', request_id USING ERRCODE = 'check_violation';
    END IF;
    IF event IN ('changed', 'succeeded', 'unknown') AND has_started IS NOT TRUE THEN
        RAISE 'request % has not started', request_id USING ERRCODE = 'check_violation';
    END IF;
    IF event = 'started' AND EXISTS (
        SELECT FROM ops.ledger AS entry
         WHERE entry.event = 'started' AND entry.dag_id = ledger_append.dag_id
           AND entry.run_id = ledger_append.run_id AND entry.task_id = ledger_append.task_id)
    THEN
        RETURN NULL;
    END IF;

    SELECT * INTO last FROM ops.ledger AS entry ORDER BY entry.seq DESC LIMIT 1;
    next.seq := coalesce(last.seq, 0) + 1;
    next.opened := coalesce(opening.seq, next.seq);
    next.step := steps + 1;
    next.at := greatest(clock_timestamp(), last.at);  -- time never runs backwards here: it sorts as seq does
    next.prev_hash := coalesce(last.hash, sha256(''));
    INSERT INTO ops.ledger VALUES (
        next.seq, next.opened, next.step, next.at, request_id, event, actor, action, resource, dag_id, run_id, task_id,
        reason, deadline, details, next.prev_hash,
        ops.ledger_hash(next.prev_hash, next.seq, next.opened, next.step, next.at, request_id, event, actor, action,
            resource, dag_id, run_id, task_id, reason, deadline, details));
    IF event IN ('waiting', 'started') THEN
        INSERT INTO ops.open_requests AS request VALUES (next.opened, deadline, event = 'started')
            ON CONFLICT (opened) DO UPDATE SET deadline = excluded.deadline, has_started = true;
    ELSIF ops.ends(event) THEN
        DELETE FROM ops.open_requests AS request WHERE request.opened = next.opened;
    END IF;
    RETURN next.seq;
END;
$$;

-- One row for each request. Its outcome is its last step, or follows from the deadline when there is none yet; its
-- details are those of all its steps, the later ones winning.
CREATE VIEW ops.requests AS
SELECT opening.opened AS seq, opening.request_id, opening.dag_id, opening.run_id, opening.task_id,
       opening.actor, opening.action, opening.resource, opening.reason,
       told.outcome,
       opening.details || coalesce(answered.details, '{}') || coalesce(started.details, '{}')
           || coalesce(changed.details, '{}')
           || coalesce(ending.details, CASE told.outcome WHEN 'refused' THEN
                  jsonb '{"message": "it was not approved and carried out in time; ask anew"}' END, '{}') AS details,
       opening.at,
       answered.at AS answered_at,
       started.at AS started_at,
       changed.at AS changed_at,
       ending.at AS finished_at
  FROM ops.ledger AS opening
  LEFT JOIN ops.ledger AS answered ON answered.opened = opening.opened AND answered.event = 'answered'
  LEFT JOIN ops.ledger AS started ON started.opened = opening.opened AND started.event = 'started'
  LEFT JOIN ops.ledger AS changed ON changed.opened = opening.opened AND changed.event = 'changed'
  LEFT JOIN ops.ledger AS ending ON ending.opened = opening.opened AND ops.ends(ending.event)
 CROSS JOIN LATERAL (SELECT
       CASE WHEN ending.event IS NOT NULL THEN ending.event
            WHEN coalesce(started.deadline, opening.deadline) > statement_timestamp() THEN 'running'
            WHEN started.event IS NOT NULL THEN 'unknown'
            ELSE 'refused' END  -- it waited for an approval, and can't start any more
       ) AS told (outcome)
 WHERE opening.step = 1;
