-- The probability of each finding beyond a limit where nothing has changed, corrected for the number of findings of the
-- run that chance could raise (Holm, Scandinavian Journal of Statistics 6, 1979).
with limited as (
    select * from {{ product_ref('limited_findings') }}
),

samples as (
    select * from {{ product_ref('samples') }}
),

-- Only what is beyond a limit is drawn again.
beyond as (
    select
        limited.run_id,
        limited.check_name,
        limited.scope,
        samples.customers,
        count(*) over (partition by limited.run_id) as findings,
        case
            when limited.warns or limited.blocks
                then chance_of_distance(samples.measure, limited.value, struct_pack(
                    customers := cast(samples.customers as bigint),
                    base_customers := cast(samples.base_customers as bigint),
                    shares := samples.bin_shares,
                    base_shares := samples.base_bin_shares,
                    tenths := samples.tenths,
                    edges := samples.upper_edges
                ))
        end as chance
    from limited
    inner join samples
        on
            limited.run_id = samples.run_id
            and limited.check_name = samples.check_name
            and limited.scope = samples.scope
    where limited.not_evaluated is null and limited.value is not null
),

ranked as (
    select
        *,
        row_number() over (partition by run_id order by chance, check_name, scope) as place
    from beyond
    where chance is not null
)

select
    run_id,
    check_name,
    scope,
    customers,
    least(max(chance * (findings - place + 1)) over (
        partition by run_id
        order by place
    ), 1) as corrected_chance
from ranked
