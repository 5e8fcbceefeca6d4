-- The regions that have stuck orders: the first column is the value, the second what the form shows.
SELECT region, format('%%s (%%s stuck)', region, count(*))
  FROM demo_orders
 WHERE status = 'stuck'
 GROUP BY region
 ORDER BY region
