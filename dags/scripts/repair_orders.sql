-- Puts the stuck orders of one batch back into the queue. %(name)s is the value of a parameter, bound by the server.
UPDATE demo_orders
   SET status = 'queued', changed_at = now()
 WHERE region = %(region)s
   AND batch = %(batch)s
   AND status = 'stuck'
RETURNING id, region, batch, status;

-- What is left of it, for the run's output.
SELECT status, count(*) AS orders
  FROM demo_orders
 WHERE region = %(region)s
   AND batch = %(batch)s
 GROUP BY status
 ORDER BY status;
