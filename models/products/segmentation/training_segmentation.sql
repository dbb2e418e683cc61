-- The customers to be grouped. Segments are learned without an outcome.
select
    as_of,
    customer_id,
    cast(null as double) as label
from {{ ref('feature_snapshots') }}
where {{ eligible_population('segmentation') }}
