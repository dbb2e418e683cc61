{#- Slots: the as-ofs at which a product is due. A slot starts at 00:00 UTC, `anchor` days after the
    natural start of its period (Monday, first of the month, first day of the quarter). -#}

{% macro slot_at_or_before(instant, cadence, anchor_days) -%}
    case {{ cadence }}
        when 'daily' then date_trunc('day', {{ instant }})
        {%- for name, period in [('weekly', 'week'), ('monthly', 'month'), ('quarterly', 'quarter')] %}
        when '{{ name }}' then {{ add_days("date_trunc('" ~ period ~ "', " ~ add_days(instant, '-' ~ anchor_days) ~ ")", anchor_days) }}
        {%- endfor %}
    end
{%- endmacro %}


{% macro next_slot(slot, cadence, anchor_days) -%}
    case {{ cadence }}
        when 'daily' then {{ slot }} + interval '1' day
        when 'weekly' then {{ slot }} + interval '7' day
        when 'monthly' then {{ add_days(add_days(slot, '-' ~ anchor_days) ~ " + interval '1' month", anchor_days) }}
        when 'quarterly' then {{ add_days(add_days(slot, '-' ~ anchor_days) ~ " + interval '3' month", anchor_days) }}
    end
{%- endmacro %}


{% macro deadline(slot, hours) -%}
    {{ add_hours(slot, hours) }}
{%- endmacro %}


{#- Whether a pin is in force at an as-of: from its first moment on, and until the one that ends it. -#}
{% macro is_in_force(as_of, pinned_from, pinned_until) -%}
    ({{ pinned_from }} <= {{ as_of }} and ({{ pinned_until }} is null or {{ as_of }} < {{ pinned_until }}))
{%- endmacro %}


{% macro run_id(product, as_of, model_version, feature_version, output_schema_version, revision) -%}
    md5(concat_ws(
        '|', {{ product }}, cast({{ as_of }} as text), {{ model_version }}, {{ feature_version }},
        {{ output_schema_version }}, case when {{ revision }} > 0 then cast({{ revision }} as text) end
    ))
{%- endmacro %}


{% macro prediction_id(run_id, customer_id) -%}
    md5(concat_ws('|', {{ run_id }}, {{ customer_id }}))
{%- endmacro %}
