{#- Sentences of findings, and reasons why one cannot be evaluated. -#}

{#- Columns of the struct `finding`: a measured check before its limit is applied, its sentence, and the reason where it
    could not be measured. -#}
{% macro finding_columns() -%}
    run_id,
    finding['check_name'] as check_name,
    finding['scope'] as scope,
    cast(finding['value'] as double) as value,
    cast(finding['not_evaluated'] as text) as not_evaluated,
    finding['message'] as message
{%- endmacro %}


{% macro percent(share) -%}
    cast(cast(100 * {{ share }} as decimal(18, 1)) as text) || '%'
{%- endmacro %}


{% macro plain_number(value, decimals=2) -%}
    cast(cast({{ value }} as decimal(38, {{ decimals }})) as text)
{%- endmacro %}


{% macro plain_date(instant) -%}
    cast(cast({{ instant }} as date) as text)
{%- endmacro %}


{% macro missing_baseline_reason(contract, same_model=false) -%}
    case
        when former_run_id is null
            then 'no earlier run of the product is served, so there is no former batch'
        when former_as_of < {{ add_days('as_of', '-' ~ check_setting(contract, 'former_batch_within_days')) }}
            then 'the former batch, of ' || {{ plain_date('former_as_of') }} || ', is older than the '
                || '{{ check_setting(contract, 'former_batch_within_days') }} days within which batches are compared'
        when coalesce(former_customers, 0) = 0
            then 'nothing is recorded of the former batch, of ' || {{ plain_date('former_as_of') }}
        when former_customers < {{ check_setting(contract, 'minimum_customers') }}
            then 'the former batch has ' || former_customers || ' customers, and fewer than '
                || '{{ check_setting(contract, 'minimum_customers') }} differ by chance'
        {%- if same_model %}
        when former_model_version <> model_version
            then 'the model changed from ' || former_model_version || ' to ' || model_version
                || ', whose scores are compared with its own training reference'
        {%- endif %}
    end
{%- endmacro %}


{% macro missing_reference_reason(contract, reference) -%}
    case
        when {{ reference }} is null
            then 'the card of model ' || model_version || ' holds no reference distribution'
        when customers_scored < {{ check_setting(contract, 'minimum_customers') }}
            then 'the run has ' || customers_scored || ' customers, and fewer than '
                || '{{ check_setting(contract, 'minimum_customers') }} differ by chance'
    end
{%- endmacro %}
