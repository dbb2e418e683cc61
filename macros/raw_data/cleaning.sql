{#- Types of raw values. A value that cannot be read becomes null, and its row is rejected. -#}

{#- Null where nothing is left. trim() reads every character, at ten times the cost of a look at both ends: it is called
    for texts that are empty, begin with a blank (which sorts before '!') or end with one. -#}
{% macro trimmed(column) -%}
    case
        when {{ column }} < '!' or ends_with({{ column }}, ' ') or ends_with({{ column }}, e'\t')
            or ends_with({{ column }}, e'\r') or ends_with({{ column }}, e'\n')
            then nullif(trim({{ column }}, e' \t\r\n'), '')
        else {{ column }}
    end
{%- endmacro %}


{% macro as_instant(column) -%}
    case
        when typeof({{ column }}) = 'VARCHAR' then
            case when isfinite(try_cast({{ column }} as timestamptz))
                then cast(try_cast({{ column }} as timestamptz) as timestamp) end
        when isfinite(try_cast({{ column }} as timestamp)) then try_cast({{ column }} as timestamp)
    end
{%- endmacro %}


{% macro as_money(column) -%}
    try_cast({{ column }} as decimal(18, 2))
{%- endmacro %}


{% macro as_count(column) -%}
    case when try_cast({{ column }} as double) = try_cast({{ column }} as integer) then try_cast({{ column }} as integer) end
{%- endmacro %}


{% macro unreadable(column, parsed) -%}
    {{ column }} is not null and {{ parsed }} is null
{%- endmacro %}


{#- Blanks and NaN are how exports write that a number is not known. -#}
{% macro unreadable_number(column, parsed) -%}
    case when {{ unreadable(column, parsed) }}
        then lower(trim(cast({{ column }} as text), e' \t\r\n')) not in ('', 'nan') else false end
{%- endmacro %}


{#- Texts that other databases cannot hold, or that are too long for a key. -#}
{% macro unstorable(column) -%}
    coalesce(length({{ column }}) > 256 or contains({{ column }}, chr(0)), false)
{%- endmacro %}


{% macro incredible(instant) -%}
    {{ instant }} < timestamp '{{ var("earliest_credible_instant") }}'
{%- endmacro %}


{% macro is_not_finite(column) -%}
    coalesce(not isfinite(try_cast({{ column }} as double)), false)
{%- endmacro %}


{#- A row as the text that its digest is made of: values as staging reads them, so that the same row stored in
    another type of column is the same input. A load time that the file does not hold is no part of it. -#}
{% macro raw_row_text(source, record=none) -%}
    concat_ws(
        '|'
        {%- for column in source.columns.values() -%}
        , coalesce({{ 'case when ' ~ field_of(record, 'has_loaded_at') ~ ' then ' if column.name == 'loaded_at' }}cast(
            {{- raw_value(field_of(record, column.name), column.data_type) }} as text)
        {{- ' end' if column.name == 'loaded_at' }}, '')
        {%- endfor -%}
    )
{%- endmacro %}


{% macro field_of(record, name) -%}
    {{ record ~ "['" ~ name ~ "']" if record else name }}
{%- endmacro %}


{% macro raw_value(column, data_type) -%}
    {%- if data_type == 'timestamp' -%}
        {{ as_instant(column) }}
    {%- elif data_type == 'decimal' -%}
        {{ as_money(column) }}
    {%- elif data_type == 'integer' -%}
        {{ as_count(column) }}
    {%- else -%}
        {{ column }}
    {%- endif -%}
{%- endmacro %}


{#- Three columns of a checked row: the row as it came, as JSON; the text of its digest; and that text only where
    cleaning the named columns changed it, since else it follows from the row. Each is computed where it is read. -#}
{% macro row_as_it_came(source_name, texts) -%}
    {%- for source in raw_sources() if source.name == source_name -%}
    {{ json_record(source.columns.keys() | list, 'original') }} as row_json,
    {{ raw_row_text(source, 'original') }} as row_text,
    case
        when {% for text in texts %}coalesce({{ field_of('original', text) }}, '') <> coalesce({{ text }}, ''){{ ' or ' if not loop.last }}{% endfor %}
            then {{ raw_row_text(source, 'original') }}
    end as source_text
    {%- else -%}
    cast(null as text) as row_json, cast(null as text) as row_text, cast(null as text) as source_text
    {%- endfor -%}
{%- endmacro %}
