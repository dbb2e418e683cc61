{#- What a run was measured by, kept with its outcome: the next batch is compared with it, and people
    look at it. -#}

{% macro record_measurements(product, status) -%}
    {%- set runs = runs_without_outcome(product, status) -%}
    insert into {{ operations_table('output_statistics') }}
    select
        statistics.run_id, statistics.product, statistics.eligible_customers, statistics.customers_scored,
        statistics.mean_score, statistics.score_p10, statistics.score_p50, statistics.score_p90
    from {{ product_ref('statistics') }} as statistics
    inner join {{ runs }} as runs on statistics.run_id = runs.run_id;

    insert into {{ operations_table('output_distributions') }}
    select distributions.*
    from {{ product_ref('distributions') }} as distributions
    inner join {{ runs }} as runs on distributions.run_id = runs.run_id;

    insert into {{ operations_table('label_migrations') }}
    select
        transitions.run_id, runs.product, runs.former_run_id, transitions.membership,
        transitions.label_before, transitions.label_after, sum(transitions.customers) as customers
    from {{ product_ref('transitions') }} as transitions
    inner join {{ runs }} as runs on transitions.run_id = runs.run_id
    group by
        transitions.run_id, runs.product, runs.former_run_id, transitions.membership,
        transitions.label_before, transitions.label_after;

    insert into {{ operations_table('score_jumps') }}
    select jumps.*
    from {{ product_ref('score_jumps') }} as jumps
    inner join {{ runs }} as runs on jumps.run_id = runs.run_id;
{%- endmacro %}
