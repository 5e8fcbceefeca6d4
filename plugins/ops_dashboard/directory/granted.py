"""What a staged snapshot would change for those who may do something: in the groups that grants in force name.

Also in those that approve what is beyond a grant's limits, or operations. By name, as grants name them: a name may pass
from one group to another. Each group is compared with now, and with what it was at `looked_back.since`: many small
changes come to as much as a large one.
"""

from __future__ import annotations

MOST_EXAMPLES = 50
_SEVERAL = 3

_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"
_GRANTED_NAMES = f"""
    SELECT group_name AS name FROM ops.grants WHERE {_LIVE}
     UNION
    SELECT approver FROM ops.grants WHERE approver IS NOT NULL AND {_LIVE}
     UNION
    SELECT group_name FROM ops.operation_approvers"""  # noqa: S608 - a constant

# The groups, before and after, whose people may have changed.
_AFFECTED = f"""
granted AS ({_GRANTED_NAMES}
), bearers AS (
    SELECT granted.name, held.group_id AS old_id, wanted.group_id AS new_id, known.group_id AS last_id
      FROM granted
      LEFT JOIN ops.groups AS held ON held.name = granted.name AND held.removed_at IS NULL
      LEFT JOIN wanted_groups AS wanted ON wanted.name = granted.name
      LEFT JOIN ops.group_names AS known ON known.name = granted.name
     WHERE held.source IS NULL OR held.source = %(source)s
), touched AS MATERIALIZED (
    SELECT group_id FROM come_members UNION SELECT group_id FROM gone_members
     UNION SELECT group_id FROM come_nested UNION SELECT group_id FROM gone_nested
     UNION SELECT group_id FROM wanted_groups WHERE everyone AND change IS NOT NULL
), affected AS MATERIALIZED (
    SELECT * FROM bearers
     WHERE old_id IS DISTINCT FROM new_id
        OR EXISTS (SELECT FROM ops.containments AS inside JOIN touched ON touched.group_id = inside.inner_id
                    WHERE inside.group_id = old_id)
        OR EXISTS (SELECT FROM next_containments AS inside JOIN touched ON touched.group_id = inside.inner_id
                    WHERE inside.group_id = new_id)
)"""  # noqa: S608 - constants

# Whether everybody in the directory is in it: by itself, or by a group in it.
_OPENED = """
       (new_id IN (SELECT inside.group_id FROM next_containments AS inside
                     JOIN wanted_groups AS inner_groups ON inner_groups.group_id = inside.inner_id
                    WHERE inner_groups.everyone)
        AND coalesce(old_id NOT IN (SELECT inside.group_id FROM ops.containments AS inside
                                      JOIN ops.groups AS inner_groups ON inner_groups.group_id = inside.inner_id
                                     WHERE inner_groups.everyone), true))"""

# Who was in them, at the time and now, and who would be.
_PEOPLE = """
before AS (
    SELECT DISTINCT affected.name, users.user_id, users.email
      FROM affected
      JOIN ops.containments AS inside ON inside.group_id = affected.old_id
      JOIN ops.direct_members AS live ON live.group_id = inside.inner_id
      JOIN ops.users ON users.user_id = live.user_id AND users.active AND users.removed_at IS NULL
), inside_then (group_id, inner_id) AS (
    SELECT last_id, last_id FROM affected WHERE last_id IS NOT NULL
     UNION  -- drops what was reached before, so a cycle ends
    SELECT inside_then.group_id, nested.child_id
      FROM inside_then CROSS JOIN looked_back
      JOIN ops.nested_groups AS nested ON nested.group_id = inside_then.inner_id
     WHERE nested.valid_from <= looked_back.since
       AND (nested.valid_to IS NULL OR nested.valid_to > looked_back.since)
), at_the_time AS (
    SELECT DISTINCT affected.name, users.user_id, users.email
      FROM looked_back
      JOIN ops.direct_memberships AS past ON past.valid_from <= looked_back.since
       AND (past.valid_to IS NULL OR past.valid_to > looked_back.since)
     CROSS JOIN unnest(past.group_ids) AS direct_id
      JOIN inside_then ON inside_then.inner_id = direct_id
      JOIN affected ON affected.last_id = inside_then.group_id
      JOIN ops.users ON users.user_id = past.user_id AND users.active
     WHERE EXISTS (SELECT FROM affected)  -- all memberships are read only then
), after AS (
    SELECT DISTINCT affected.name, wanted.user_id, wanted.email
      FROM affected
      JOIN next_containments AS inside ON inside.group_id = affected.new_id
      JOIN (SELECT user_id, unnest(group_ids) AS group_id FROM wanted_memberships) AS members
        ON members.group_id = inside.inner_id
      JOIN wanted_users AS wanted ON wanted.user_id = members.user_id AND wanted.active
), compared AS (
    SELECT name, user_id, bool_or(was_in) AS was_in, bool_or(was_then) AS was_then, bool_or(is_in) AS is_in,
           coalesce(max(email) FILTER (WHERE is_in), max(email)) AS email
      FROM (SELECT name, user_id, email, true, false, false FROM before
             UNION ALL SELECT name, user_id, email, false, true, false FROM at_the_time
             UNION ALL SELECT name, user_id, email, false, false, true FROM after
           ) AS found (name, user_id, email, was_in, was_then, is_in)
     GROUP BY name, user_id
)"""

GRANTED_GROUPS = f"""
WITH RECURSIVE {_AFFECTED}, {_PEOPLE.strip()}, states AS (
    SELECT name, coalesce(last_id <> new_id, false) AS passes, {_OPENED.strip()} AS opened FROM affected
)
SELECT name, bool_or(passes) AS passes,
       -- In effect as well: most directories can't say it, and nest a group that everybody is in.
       coalesce(bool_or(opened), false) OR (
           count(*) FILTER (WHERE is_in AND NOT was_in) >= {_SEVERAL}
           AND count(*) FILTER (WHERE is_in) = (SELECT count(*) FROM wanted_users WHERE active)) AS opened,
       count(*) FILTER (WHERE was_in) AS had,
       count(*) FILTER (WHERE was_in AND NOT is_in) AS loses,
       count(*) FILTER (WHERE is_in AND NOT was_in) AS gains,
       count(*) FILTER (WHERE was_then AND NOT was_in AND NOT is_in) AS lost_before,
       count(*) FILTER (WHERE was_in AND is_in AND NOT was_then) AS gained_before,
       coalesce((array_agg(email ORDER BY email) FILTER (WHERE was_in AND NOT is_in))[:{MOST_EXAMPLES}], '{{}}')
           AS losers,
       coalesce((array_agg(email ORDER BY email) FILTER (WHERE is_in AND NOT was_in))[:{MOST_EXAMPLES}], '{{}}')
           AS gainers
  FROM states LEFT JOIN compared USING (name)
 GROUP BY name HAVING bool_or(opened) OR bool_or(passes) OR count(*) FILTER (WHERE was_in <> is_in) > 0
 ORDER BY name
"""  # noqa: S608 - constants

# E-mails that pass from one person to another, also from one who has left just now, and the granted groups that either
# is in.
PASSED_EMAILS = f"""
WITH granted AS ({_GRANTED_NAMES}
), passed AS MATERIALIZED (
    SELECT held.user_id AS old_id, wanted.user_id AS new_id
      FROM wanted_users AS wanted CROSS JOIN looked_back
      JOIN ops.users AS held ON held.email = wanted.email
       AND (held.removed_at IS NULL OR held.removed_at > looked_back.since)
     WHERE held.source = %(source)s AND held.user_id <> wanted.user_id AND wanted.change IS NOT NULL
), concerned AS (
    SELECT passed.new_id, groups.name
      FROM passed JOIN ops.memberships AS live ON live.user_id = passed.old_id JOIN ops.groups USING (group_id)
     WHERE groups.name IN (SELECT name FROM granted)
     UNION
    SELECT passed.new_id, groups.name
      FROM passed JOIN wanted_memberships AS members ON members.user_id = passed.new_id
      JOIN next_containments AS inside ON inside.inner_id = ANY (members.group_ids)
      JOIN wanted_groups AS groups ON groups.group_id = inside.group_id
     WHERE groups.name IN (SELECT name FROM granted)
)
SELECT count(DISTINCT new_id) AS emails_passed,
       coalesce((array_agg(DISTINCT name))[:{MOST_EXAMPLES}], '{{}}') AS emails_passed_in
  FROM concerned
"""  # noqa: S608 - constants

# A grant is never edited: their numbers say what the differences of these groups come to.
GRANTS_OF = f"""
SELECT coalesce(array_agg(grant_id ORDER BY grant_id), '{{}}') FROM ops.grants
 WHERE (group_name = ANY (%(groups)s) OR approver = ANY (%(groups)s)) AND {_LIVE}
"""  # noqa: S608 - a constant
