{#- Freshness of a product's predictions, and whether consumers may act on them. DuckDB and PostgreSQL read the same
    expressions: the lake's product_states and prediction_freshness call them, and so does serving.judge
    (python_scoring/serving/sql/2_judge.sql), both at the moment of reading. -#}

{% macro freshness(as_of, age_hours, max_age_hours, fresh_until, read_at) -%}
    case
        when {{ as_of }} is null then 'never published'
        when {{ age_hours }} > {{ max_age_hours }} then 'stale'
        when {{ read_at }} > {{ fresh_until }} then 'due'
        else 'fresh'
    end
{%- endmacro %}


{#- Last known good: a newer slot is due, or a newer run has failed. -#}
{% macro served_as(as_of, freshness, newer_run_failed) -%}
    case
        when {{ as_of }} is null then null
        when {{ freshness }} = 'fresh' and not {{ newer_run_failed }} then 'current'
        else 'last_known_good'
    end
{%- endmacro %}


{#- Why consumers may not act, for freshness alone; null where they may. -#}
{% macro age_reason(freshness, max_age_hours) -%}
    case {{ freshness }}
        when 'never published' then 'Nothing was published yet.'
        when 'stale'
            then 'The predictions are older than the ' || {{ max_age_hours }} || ' hours that the contract allows.'
    end
{%- endmacro %}


{% macro action_allowed(reasons) -%}
    coalesce({{ reasons | join(', ') }}) is null
{%- endmacro %}


{% macro action_blocked_reason(reasons) -%}
    nullif(concat_ws(' ', {{ reasons | join(', ') }}), '')
{%- endmacro %}


{#- Whether the day by which something was to be done has passed. -#}
{% macro is_overdue(due_on, read_at) -%}
    cast({{ read_at }} as date) > cast({{ due_on }} as date)
{%- endmacro %}
