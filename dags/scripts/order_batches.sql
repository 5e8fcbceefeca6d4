SELECT batch, format('%%s (%%s stuck)', batch, count(*))
  FROM demo_orders
 WHERE status = 'stuck'
   AND region = %(region)s
 GROUP BY batch
 ORDER BY batch
