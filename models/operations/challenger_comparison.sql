-- Champion against challenger, run by run: how far they agree, and how the scores are shifted.
with records as (
    select
        *,
        row_number() over (
            partition by run_id, model_version
            order by status desc, recorded_at desc, invocation_id desc
        ) as place
    from {{ source('operations', 'challenger_records') }}
)

select
    run_id,
    product,
    as_of,
    champion_version,
    model_version as challenger_version,
    status,
    reason,
    customers_scored,
    customers,
    label_agreement,
    rank_agreement,
    top_decile_in_common,
    mean_difference,
    psi,
    kolmogorov_smirnov,
    recorded_at
from records
where place = 1
