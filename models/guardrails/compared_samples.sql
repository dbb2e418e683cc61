-- Scores and features of each run in the bins of the training, as lists, next to what they are compared with.
with statistics as (
    select * from {{ product_ref('statistics') }}
),

training as (
    select
        model_version,
        max(customers) as customers
    from {{ product_ref('training_references') }}
    group by model_version
),

counted as (
    select
        run_id,
        subject,
        max(of_present) as customers
    from {{ product_ref('feature_counts') }}
    group by run_id, subject
),

compared as (
    {% for kind, relation in [('score', 'compared_scores'), ('feature', 'compared_features')] %}
    select
        run_id,
        '{{ kind }}' as kind,
        scope,
        bin,
        tenth,
        upper_edge,
        share,
        base_share
    from {{ product_ref(relation) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    compared.run_id,
    compared.kind,
    compared.scope,
    any_value(case
        when compared.kind = 'feature' then counted.customers else statistics.customers_scored
    end) as customers,
    any_value(case
        when compared.scope = 'former batch' then statistics.former_customers else training.customers
    end) as base_customers,
    list(cast(compared.share as double) order by compared.bin) as bin_shares,
    list(cast(compared.base_share as double) order by compared.bin) as base_bin_shares,
    list(cast(compared.tenth as integer) order by compared.bin) as tenths,
    list(cast(compared.upper_edge as double) order by compared.bin) as upper_edges
from compared
inner join statistics on compared.run_id = statistics.run_id
left join training on statistics.model_version = training.model_version
left join counted on compared.run_id = counted.run_id and compared.scope = counted.subject
group by compared.run_id, compared.kind, compared.scope
having any_value(statistics.customers_scored) > 0
