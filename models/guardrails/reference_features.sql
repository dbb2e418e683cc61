-- Features of the training in bins; categories are numbered like bins.
select
    model_version,
    subject,
    category,
    upper_edge,
    share,
    missing_share,
    customers,
    lag(upper_edge) over (partition by model_version, subject order by bin) as lower_edge,
    coalesce(bin, row_number() over (partition by model_version, subject order by category)) as bin,
    coalesce(tenth, row_number() over (partition by model_version, subject order by category)) as tenth
from {{ product_ref('training_references') }}
where kind = 'feature'
