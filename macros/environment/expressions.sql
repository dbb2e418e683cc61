{#- Expressions that more than one folder uses. -#}


{#- The session's clock: the frozen one where PREDICTION_NOW or the var now set the variable prediction_now (see
    set_clock in python_scoring/warehouse/connections.py), else the running one. A reader may look at another moment:
    set variable prediction_now = '...'. -#}
{% macro current_utc_timestamp() -%}
    coalesce(try_cast(getvariable('prediction_now') as timestamp), cast(now() at time zone 'UTC' as timestamp))
{%- endmacro %}


{% macro elapsed_days(earlier, later) -%}
    cast(date_diff('second', {{ earlier }}, {{ later }}) // 86400 as integer)
{%- endmacro %}


{% macro add_hours(instant, hours) -%}
    {{ instant }} + to_hours({{ hours }})
{%- endmacro %}


{% macro add_days(instant, days) -%}
    {{ instant }} + to_days({{ days }})
{%- endmacro %}


{% macro json_record(columns, record=none) -%}
    cast(to_json(struct_pack({% for column in columns %}{{ column }} := cast({{ field_of(record, column) }} as text){{ ', ' if not loop.last }}{% endfor %})) as text)
{%- endmacro %}


{#- The records of a group as one JSON list, in that order. -#}
{% macro json_list_of(columns, ordering) -%}
    cast(to_json(list(struct_pack({% for name, value in columns.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}) order by {{ ordering }})) as text)
{%- endmacro %}


{% macro rows_digest(row_text) -%}
    {{ digest_of_sums('count(*)', md5_sum(row_text, 1), md5_sum(row_text, 2)) }}
{%- endmacro %}


{% macro digest_of_sums(row_count, first_sum, second_sum) -%}
    md5(concat_ws('|', {{ row_count }}, {{ first_sum }}, {{ second_sum }}))
{%- endmacro %}


{#- The digest of an input: the two sums over its rows, so that those of parts can be added and taken off. -#}
{% macro input_digest(first_sum, second_sum) -%}
    cast({{ first_sum }} as text) || '-' || cast({{ second_sum }} as text)
{%- endmacro %}


{#- The first or second half of the MD5 of each row, summed: what two parts have sums to what the whole has. Halves of
    one number, so that a query with both computes one MD5 per row. -#}
{% macro md5_sum(row_text, half) -%}
    sum(cast(md5_number({{ row_text }}) {{ '>> 64' if half == 1 else '& 18446744073709551615::uhugeint' }} as ubigint))
{%- endmacro %}


{% macro ordered_record(columns, relation=none) -%}
    struct_pack({% for column in columns %}{{ column }} := {{ relation ~ '.' if relation }}{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{% macro hours_between(earlier, later) -%}
    cast(date_diff('second', {{ earlier }}, {{ later }}) / 3600 as decimal(18, 2))
{%- endmacro %}


{% macro microseconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }}))
{%- endmacro %}


{#- A double of two exact numbers, correctly rounded; null where there is nothing to divide by. -#}
{% macro quotient(dividend, divisor) -%}
    cast({{ dividend }} as double) / nullif(cast({{ divisor }} as double), 0)
{%- endmacro %}


{% macro whole_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}


{% macro largest_records_as_json(records, measure, number) -%}
    cast(to_json(list_slice(list_reverse_sort(list_filter([
        {%- for record in records %}
        struct_pack({% for key, value in record.items() %}{{ key }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ], lambda record: record.{{ measure }} > 0)), 1, {{ number }})) as text)
{%- endmacro %}


{% macro set_fingerprint(key) -%}
    concat_ws('|', count({{ key }}), sum(case when {{ key }} is not null then hash({{ key }}) end),
        bit_xor(case when {{ key }} is not null then hash({{ key }}) end))
{%- endmacro %}


{% macro quantiles(value, shares) -%}
    quantile_disc({{ value }}, {{ shares }})
{%- endmacro %}


{#- Up to a dozen edges are counted fastest one by one, many by searching among them. -#}
{% macro bin_counts(value, edges) -%}
    {%- if edges | length <= 16 -%}
    [{{ counts_between(value, edges) }}]
    {%- else -%}
    list_concat(
        [count(*) - count({{ value }})],
        map_values(histogram(cast({{ value }} as double), cast([{{ edges | join(', ') }}] as double[])))
    )
    {%- endif -%}
{%- endmacro %}


{% macro counts_between(value, edges) -%}
    count(*) - count({{ value }}),
    {%- for edge in edges %}
    count_if({{ value }} <= {{ edge }}){{ ' - count_if(' ~ value ~ ' <= ' ~ edges[loop.index0 - 1] ~ ')' if not loop.first }},
    {%- endfor %}
    count({{ value }}){{ ' - count_if(' ~ value ~ ' <= ' ~ edges[-1] ~ ')' if edges }}
{%- endmacro %}


{% macro bin_lists(subjects) -%}
    cast([
        {%- for subject in subjects %}
        struct_pack({% for key, value in subject.items() %}{{ key }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ] as struct(kind text, subject text, customers bigint[])[])
{%- endmacro %}
