{#- The served runs whose outcomes are complete and were not measured before: read while the model after it
    compiles, so that only their partitions are read, and those of challengers only where there were any. None
    elsewhere. The newest come first. -#}

{% macro runs_to_measure(product) -%}
    {%- if product is none or not (execute and flags.WHICH in ['build', 'run']) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set contract = contract_of(product) -%}
    {%- set known_at = add_hours(
        add_days('states.as_of', contract.horizon_days), contract.schedule.availability_lag_hours
    ) -%}
    {%- set unmeasured -%}
        select
            states.run_id,
            states.as_of,
            states.model_version,
            {{ known_at }} as known_at,
            challenged.run_id is not null as has_challengers
        from {{ relation_of_model('run_states') }} as states
        left join (
            select distinct run_id from {{ operations_table('challenger_records') }} where status = 'scored'
        ) as challenged on states.run_id = challenged.run_id
        where
            states.product = {{ string_literal(product) }}
            and states.is_served
            and {{ known_at }} <= {{ clock() }}
            and states.run_id not in (select run_id from {{ operations_table('outcome_scores') }})
        order by states.as_of desc
    {%- endset -%}
    {%- set found = run_query(unmeasured).rows -%}
    {%- set runs = [] -%}
    {%- if found -%}
        {#- Where loads have stopped, customers look as if they had. -#}
        {%- set newest_load = run_query('select max(loaded_at) from ' ~ relation_of_model('stg_orders')).columns[0].values()[0] -%}
        {%- for run in found if newest_load is not none and run['known_at'] <= newest_load -%}
            {%- do runs.append(dict(run)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(runs[:var('outcomes_per_build')]) }}
{%- endmacro %}


{% macro is_of_runs(runs) -%}
    {%- set dates = [] -%}
    {%- set ids = [] -%}
    {%- for run in runs -%}
        {%- do dates.append(literal(run.as_of, 'date')) -%}
        {%- do ids.append(literal(run.run_id)) -%}
    {%- endfor -%}
    {{ 'prediction_date in (' ~ dates | unique | join(', ') ~ ') and run_id in (' ~ ids | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}


{% macro is_as_of_runs(runs) -%}
    {%- set as_ofs = [] -%}
    {%- for run in runs -%}
        {%- do as_ofs.append(literal(run.as_of, 'timestamp')) -%}
    {%- endfor -%}
    {{ 'as_of in (' ~ as_ofs | unique | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}
