{#- The findings of a product's due runs, judged by the limits in its contract. -#}

{% macro output_checks(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

limits as (
    select * from {{ ref('check_limits') }}
    where product = '{{ product }}'
),

findings as (
    select * from {{ ref('findings_' ~ product) }}
),

limited as (
    {{ limited_findings() }}
),

exceeded as (
    select
        *,
        {{ is_beyond('block_limit') }} as blocks,
        {{ is_beyond('warn_limit') }} as warns
    from limited
),

persistent as (
    {{ warnings_in_a_row(product, 'exceeded') }}
),

judged as (
    select
        exceeded.*,
        persistent.batches,
        case
            when exceeded.blocks or (exceeded.warns and persistent.run_id is not null) then 'block'
            when exceeded.warn_limit is not null then 'warn'
            else 'block'
        end as severity
    from exceeded
    left join persistent
        on
            exceeded.run_id = persistent.run_id
            and exceeded.check_name = persistent.check_name
            and exceeded.scope = persistent.scope
)

select
    run_id,
    '{{ product }}' as product,
    check_name,
    scope,
    case when not_evaluated is null then value end as value,
    coalesce(case when blocks then block_limit end, warn_limit, block_limit) as threshold,
    severity,
    case
        when not_evaluated is not null then 'not_evaluated'
        when blocks or warns then 'failed'
        else 'passed'
    end as outcome,
    case
        when not_evaluated is not null then 'Not evaluated: ' || not_evaluated || '.'
        when value is null then 'Nothing could be measured, which counts as failed.'
        when has_no_limit then message || ' There is no limit for this check, which counts as failed.'
        when severity = 'block' and warns and not blocks
            then message || ' A warning for ' || (batches + 1) || ' batches in a row, which blocks.'
        else message
    end as message
from judged
{%- endmacro %}


{% macro warnings_in_a_row(product, findings) -%}
    {%- set batches_before = check_setting(contract_of(product), 'warnings_block_after') - 1 -%}
    with batches as (
        select
            run_id,
            dense_rank() over (order by as_of) as number,
            row_number() over (partition by as_of order by in_order desc) as place
        from (
            select
                run_id,
                as_of,
                serving_entry as in_order
            from {{ ref('run_states') }}
            where product = '{{ product }}' and is_served
            union all
            select
                run_id,
                as_of,
                1000000000000 as in_order
            from runs
        ) as batches
    ),

    warned as (
        select run_id, check_name, scope from {{ source('operations', 'output_checks') }}
        where product = '{{ product }}' and severity = 'warn' and outcome = 'failed'
        union
        select run_id, check_name, scope from {{ findings }}
        where warns and not blocks
    )

    select
        this_batch.run_id,
        warned.check_name,
        warned.scope,
        count(*) as batches
    from runs
    inner join batches as this_batch on runs.run_id = this_batch.run_id
    inner join batches as earlier
        on
            earlier.number between this_batch.number - {{ batches_before }} and this_batch.number - 1
            and earlier.place = 1
    inner join warned on earlier.run_id = warned.run_id
    group by this_batch.run_id, warned.check_name, warned.scope
    having count(*) = {{ batches_before }}
{%- endmacro %}
