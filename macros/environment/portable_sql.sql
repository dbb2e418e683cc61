{#- What engines spell differently. Nothing else in the project may depend on the engine. -#}

{% macro elapsed_days(earlier, later) -%}
    {{ adapter.dispatch('elapsed_days')(earlier, later) }}
{%- endmacro %}

{% macro default__elapsed_days(earlier, later) -%}
    cast(floor((unix_timestamp({{ later }}) - unix_timestamp({{ earlier }})) / 86400) as integer)
{%- endmacro %}

{% macro duckdb__elapsed_days(earlier, later) -%}
    cast(date_diff('second', {{ earlier }}, {{ later }}) // 86400 as integer)
{%- endmacro %}


{% macro add_hours(instant, hours) -%}
    {{ adapter.dispatch('add_hours')(instant, hours) }}
{%- endmacro %}

{% macro default__add_hours(instant, hours) -%}
    {{ instant }} + make_interval(0, 0, 0, 0, {{ hours }})
{%- endmacro %}

{% macro duckdb__add_hours(instant, hours) -%}
    {{ instant }} + to_hours({{ hours }})
{%- endmacro %}


{% macro add_days(instant, days) -%}
    {{ adapter.dispatch('add_days')(instant, days) }}
{%- endmacro %}

{% macro default__add_days(instant, days) -%}
    {{ instant }} + make_interval(0, 0, 0, {{ days }})
{%- endmacro %}

{% macro duckdb__add_days(instant, days) -%}
    {{ instant }} + to_days({{ days }})
{%- endmacro %}


{% macro json_record(columns, record=none) -%}
    cast(to_json(struct_pack({% for column in columns %}{{ column }} := cast({{ field_of(record, column) }} as text){{ ', ' if not loop.last }}{% endfor %})) as text)
{%- endmacro %}


{#- The records of a group as one JSON list, in that order. -#}
{% macro json_list_of(columns, ordering) -%}
    {{ adapter.dispatch('json_list_of')(columns, ordering) }}
{%- endmacro %}

{% macro default__json_list_of(columns, ordering) -%}
    to_json(transform(array_sort(collect_list(struct(struct({{ ordering }}) as place, named_struct({% for name, value in columns.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}) as record))), item -> item.record))
{%- endmacro %}

{% macro duckdb__json_list_of(columns, ordering) -%}
    cast(to_json(list(struct_pack({% for name, value in columns.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}) order by {{ ordering }})) as text)
{%- endmacro %}


{% macro rows_digest(row_text) -%}
    {{ adapter.dispatch('rows_digest')(row_text) }}
{%- endmacro %}

{% macro default__rows_digest(row_text) -%}
    md5(concat_ws('|', cast(count(*) as string),
        cast(sum(cast(conv(substr(md5({{ row_text }}), 1, 15), 16, 10) as decimal(38, 0))) as string)))
{%- endmacro %}

{% macro duckdb__rows_digest(row_text) -%}
    md5(concat_ws(
        '|', count(*), sum(md5_number_lower({{ row_text }})), sum(md5_number_upper({{ row_text }}))
    ))
{%- endmacro %}


{#- The first or second half of the MD5 of each row, summed: what two parts have sums to what the whole has. -#}
{% macro md5_sum(row_text, half) -%}
    {{ adapter.dispatch('md5_sum')(row_text, half) }}
{%- endmacro %}

{% macro default__md5_sum(row_text, half) -%}
    sum(cast(conv(substr(md5({{ row_text }}), {{ 1 if half == 1 else 17 }}, 15), 16, 10) as decimal(38, 0)))
{%- endmacro %}

{% macro duckdb__md5_sum(row_text, half) -%}
    sum({{ 'md5_number_lower' if half == 1 else 'md5_number_upper' }}({{ row_text }}))
{%- endmacro %}


{% macro ordered_record(columns, relation=none) -%}
    {{ adapter.dispatch('ordered_record')(columns, relation) }}
{%- endmacro %}

{% macro default__ordered_record(columns, relation) -%}
    struct({% for column in columns %}{{ relation ~ '.' if relation }}{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro duckdb__ordered_record(columns, relation) -%}
    struct_pack({% for column in columns %}{{ column }} := {{ relation ~ '.' if relation }}{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{% macro hours_between(earlier, later) -%}
    {{ adapter.dispatch('hours_between')(earlier, later) }}
{%- endmacro %}

{% macro default__hours_between(earlier, later) -%}
    cast((unix_timestamp({{ later }}) - unix_timestamp({{ earlier }})) / 3600 as decimal(18, 2))
{%- endmacro %}

{% macro duckdb__hours_between(earlier, later) -%}
    cast(date_diff('second', {{ earlier }}, {{ later }}) / 3600 as decimal(18, 2))
{%- endmacro %}


{% macro microseconds_between(earlier, later) -%}
    {{ adapter.dispatch('microseconds_between')(earlier, later) }}
{%- endmacro %}

{% macro default__microseconds_between(earlier, later) -%}
    (unix_micros({{ later }}) - unix_micros({{ earlier }}))
{%- endmacro %}

{% macro duckdb__microseconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }}))
{%- endmacro %}


{% macro whole_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('whole_quotient')(dividend, divisor) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    ({{ dividend }} div {{ divisor }})
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}


{% macro largest_records_as_json(records, measure, number) -%}
    {{ adapter.dispatch('largest_records_as_json')(records, measure, number) }}
{%- endmacro %}

{% macro default__largest_records_as_json(records, measure, number) -%}
    to_json(slice(sort_array(filter(array(
        {%- for record in records %}
        named_struct({% for key, value in record.items() %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ), record -> record.{{ measure }} > 0), false), 1, {{ number }}))
{%- endmacro %}

{% macro duckdb__largest_records_as_json(records, measure, number) -%}
    cast(to_json(list_slice(list_reverse_sort(list_filter([
        {%- for record in records %}
        struct_pack({% for key, value in record.items() %}{{ key }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ], lambda record: record.{{ measure }} > 0)), 1, {{ number }})) as text)
{%- endmacro %}


{% macro set_fingerprint(key) -%}
    {{ adapter.dispatch('set_fingerprint')(key) }}
{%- endmacro %}

{% macro default__set_fingerprint(key) -%}
    concat_ws('|', count({{ key }}), sum(cast(case when {{ key }} is not null then xxhash64({{ key }}) end as decimal(38, 0))),
        bit_xor(case when {{ key }} is not null then xxhash64({{ key }}) end))
{%- endmacro %}

{% macro duckdb__set_fingerprint(key) -%}
    concat_ws('|', count({{ key }}), sum(case when {{ key }} is not null then hash({{ key }}) end),
        bit_xor(case when {{ key }} is not null then hash({{ key }}) end))
{%- endmacro %}


{% macro quantiles(value, shares) -%}
    {{ adapter.dispatch('quantiles')(value, shares) }}
{%- endmacro %}

{% macro default__quantiles(value, shares) -%}
    array({% for share in shares %}percentile_disc({{ share }}) within group (order by {{ value }}){{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro duckdb__quantiles(value, shares) -%}
    quantile_disc({{ value }}, {{ shares }})
{%- endmacro %}


{% macro list_item(list, position) -%}
    {{ adapter.dispatch('list_item')(list, position) }}
{%- endmacro %}

{% macro default__list_item(list, position) -%}
    element_at({{ list }}, {{ position }})
{%- endmacro %}

{% macro duckdb__list_item(list, position) -%}
    {{ list }}[{{ position }}]
{%- endmacro %}


{% macro bin_counts(value, edges) -%}
    {{ adapter.dispatch('bin_counts')(value, edges) }}
{%- endmacro %}

{% macro default__bin_counts(value, edges) -%}
    array({{ counts_between(value, edges) }})
{%- endmacro %}

{#- Up to a dozen edges are counted fastest one by one, many by searching among them. -#}
{% macro duckdb__bin_counts(value, edges) -%}
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
    {{ adapter.dispatch('bin_lists')(subjects) }}
{%- endmacro %}

{% macro default__bin_lists(subjects) -%}
    cast(array(
        {%- for subject in subjects %}
        named_struct({% for key, value in subject.items() %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ) as array<struct<kind: string, subject: string, customers: array<bigint>>>)
{%- endmacro %}

{% macro duckdb__bin_lists(subjects) -%}
    cast([
        {%- for subject in subjects %}
        struct_pack({% for key, value in subject.items() %}{{ key }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}){{ ', ' if not loop.last }}
        {%- endfor %}
    ] as struct(kind text, subject text, customers bigint[])[])
{%- endmacro %}


{% macro numbered_items(relation, list, position, item) -%}
    {{ adapter.dispatch('numbered_items')(relation, list, position, item) }}
{%- endmacro %}

{% macro default__numbered_items(relation, list, position, item) -%}
    (select *, posexplode({{ list }}) as ({{ position }}, {{ item }}) from {{ relation }}) as numbered
{%- endmacro %}

{% macro duckdb__numbered_items(relation, list, position, item) -%}
    (select *, generate_subscripts({{ list }}, 1) - 1 as {{ position }}, unnest({{ list }}) as {{ item }} from {{ relation }}) as numbered
{%- endmacro %}


{% macro each_day(first, last) -%}
    {{ adapter.dispatch('each_day')(first, last) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
    explode(sequence(date_trunc('day', {{ first }}), date_trunc('day', {{ last }}), interval '1' day))
{%- endmacro %}

{% macro duckdb__each_day(first, last) -%}
    unnest(generate_series(date_trunc('day', {{ first }}), date_trunc('day', {{ last }}), interval '1' day))
{%- endmacro %}


{% macro all_true(condition) -%}
    {{ adapter.dispatch('all_true')(condition) }}
{%- endmacro %}

{% macro default__all_true(condition) -%}
    every({{ condition }})
{%- endmacro %}

{% macro duckdb__all_true(condition) -%}
    bool_and({{ condition }})
{%- endmacro %}


{% macro epoch_microseconds(instant) -%}
    {{ adapter.dispatch('epoch_microseconds')(instant) }}
{%- endmacro %}

{% macro default__epoch_microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}

{% macro duckdb__epoch_microseconds(instant) -%}
    epoch_us({{ instant }})
{%- endmacro %}


{% macro compact_date(instant) -%}
    replace(cast(cast({{ instant }} as date) as text), '-', '')
{%- endmacro %}


{% macro raised_error(message) -%}
    {{ adapter.dispatch('raised_error')(message) }}
{%- endmacro %}

{% macro default__raised_error(message) -%}
    raise_error({{ string_literal(message) }})
{%- endmacro %}

{% macro duckdb__raised_error(message) -%}
    error({{ string_literal(message) }})
{%- endmacro %}
