{#- Fails where a number is distributed differently in the newest served run of a product than in the one
    before it: a population stability index over the tenths of the former run above the maximum. -#}
{% test stable_distribution(model, column_name, maximum) %}
{#- A build of one product selects the others' tests too, for they share run_states. -#}
{% if execute and model is not string and not is_built(model) %}
select 1 as nothing_built_yet
where false
{% else %}
with served as (
    select
        run_id,
        cast(as_of as date) as prediction_date,
        row_number() over (order by as_of desc, serving_entry desc) as place
    from {{ ref('run_states') }}
    where product = '{{ product_of(model) }}' and is_served
),

batches as (
    select
        served.place,
        rows_of_run.{{ column_name }} as measured_value
    from {{ model }} as rows_of_run
    inner join served
        on rows_of_run.prediction_date = served.prediction_date and rows_of_run.run_id = served.run_id
    where served.place <= 2 and rows_of_run.{{ column_name }} is not null
),

edges as (
    select
        tenth,
        max(measured_value) as upper_edge
    from (
        select
            measured_value,
            ntile(10) over (order by measured_value) as tenth
        from batches
        where place = 2
    ) as former
    group by tenth
),

inner_edges as (
    select distinct upper_edge from edges
    where tenth < 10
),

occurrences as (
    select
        place,
        measured_value,
        count(*) as customers
    from batches
    group by place, measured_value
),

binned as (
    select
        occurrences.place,
        occurrences.measured_value,
        occurrences.customers,
        count(inner_edges.upper_edge) as tenth
    from occurrences
    left join inner_edges on occurrences.measured_value > inner_edges.upper_edge
    group by occurrences.place, occurrences.measured_value, occurrences.customers
),

totals as (
    select
        sum(case when place = 1 then customers end) as now,
        sum(case when place = 2 then customers end) as former
    from occurrences
),

shares as (
    select
        binned.tenth,
        {{ exact_share('cast(sum(case when binned.place = 1 then binned.customers end) as double) / totals.now') }} as share,
        {{ exact_share('cast(sum(case when binned.place = 2 then binned.customers end) as double) / totals.former') }} as base_share
    from binned
    cross join totals
    where totals.now is not null and totals.former is not null
    group by binned.tenth, totals.now, totals.former
)

select cast(sum({{ psi_term('share', 'base_share') }}) as double) as population_stability_index
from shares
having sum({{ psi_term('share', 'base_share') }}) > {{ maximum }}
{% endif %}
{% endtest %}
