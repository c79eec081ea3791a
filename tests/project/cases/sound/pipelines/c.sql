SELECT label, sum(doubled) AS total FROM silver.b GROUP BY label;
