-- Scores of each run in the bins of the training, next to the training and, of the same model, to the former batch.
with statistics as (
    select * from {{ product_ref('statistics') }}
),

model_references as (
    select * from {{ product_ref('training_references') }}
    where kind = 'score'
),

shares as (
    select * from {{ product_ref('run_shares') }}
    where kind = 'score'
),

grid as (
    select
        statistics.run_id,
        statistics.former_run_id,
        model_references.bin,
        model_references.tenth,
        model_references.upper_edge,
        model_references.share as reference_share,
        statistics.former_model_version = statistics.model_version as is_same_model
    from statistics
    inner join model_references on statistics.model_version = model_references.model_version
),

bases as (
    select unnest(['training reference', 'former batch']) as scope
)

select
    grid.run_id,
    bases.scope,
    grid.bin,
    grid.tenth,
    grid.upper_edge,
    'score' as subject,
    {{ exact_share('shares.share') }} as share,
    case
        when bases.scope = 'former batch' then {{ exact_share('former_shares.share') }}
        else {{ exact_share('grid.reference_share') }}
    end as base_share
from grid
cross join bases
left join shares on grid.run_id = shares.run_id and grid.bin = shares.bin
left join shares as former_shares on grid.former_run_id = former_shares.run_id and grid.bin = former_shares.bin
where bases.scope = 'training reference' or grid.is_same_model
