-- in a file
SELECT value,
  nothing
FROM input
