{% macro clock() -%}
    {%- if execute -%}
        {%- set frozen = var('now', none) or env_var('PREDICTION_NOW', '') -%}
        {%- if frozen -%}
            {{ timestamp_literal(parse_instant(frozen, 'now' if var('now', none) else 'PREDICTION_NOW')) }}
        {%- else -%}
            {{ timestamp_literal(run_started_at.replace(tzinfo=none)) }}
        {%- endif -%}
    {%- else -%}
        cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}


{#- When something is recorded: the same clock. -#}
{% macro recorded_at() -%}
    {{ current_utc_timestamp() }}
{%- endmacro %}


{% macro requested_as_ofs() -%}
    {%- set name = 'as_of' if var('as_of', none) else 'PREDICTION_AS_OF' -%}
    {%- set products = all_contracts() | map(attribute='product') | list if execute else [] -%}
    {%- set requested = [] -%}
    {%- for part in ((var('as_of', none) or env_var('PREDICTION_AS_OF', '')) | string).split(',') if part | trim -%}
        {%- set product, _, as_of = (part | trim).rpartition('/') -%}
        {%- if execute and product and product not in products -%}
            {%- do exceptions.raise_compiler_error(
                name ~ ": there is no product '" ~ product ~ "'; expected one of " ~ products | join(', ') ~ "."
            ) -%}
        {%- endif -%}
        {%- do requested.append({'product': product or none, 'as_of': parse_instant(as_of, name)}) -%}
    {%- endfor -%}
    {{ return(requested) }}
{%- endmacro %}


{% macro requested_snapshots() -%}
    {%- set snapshots = [] -%}
    {%- for part in env_var('SNAPSHOT_AS_OF', '').split(',') if part | trim -%}
        {%- set instants = part.split('/') -%}
        {%- do snapshots.append({
            'as_of': parse_instant(instants[0], 'SNAPSHOT_AS_OF'),
            'data_cutoff': parse_instant(instants[1], 'SNAPSHOT_AS_OF') if instants | length > 1 else none
        }) -%}
    {%- endfor -%}
    {{ return(snapshots) }}
{%- endmacro %}


{% macro parse_instant(text, name) -%}
    {%- set text = text | string | trim -%}
    {%- set pattern = '^[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$' -%}
    {%- if not modules.re.match(pattern, text) or not is_day_of_month(text) | trim -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ": '" ~ text ~ "' is not an ISO instant. Write for example 2026-01-05 or 2026-01-05T06:00:00Z."
        ) -%}
    {%- endif -%}
    {%- set instant = modules.datetime.datetime.fromisoformat(text | replace('Z', '+00:00')) -%}
    {%- if instant.tzinfo -%}
        {%- set instant = instant.astimezone(modules.pytz.utc).replace(tzinfo=none) -%}
    {%- endif -%}
    {{ return(instant) }}
{%- endmacro %}


{#- Of an ISO date: 2026-02-30 is none. -#}
{% macro is_day_of_month(text) -%}
    {%- set first = modules.datetime.date(text[:4] | int, text[5:7] | int, 1) -%}
    {%- set next_month = (first + modules.datetime.timedelta(days=31)).replace(day=1) if first.year < 9999 else first -%}
    {{ 'yes' if text[8:10] | int <= ((next_month - first).days or 31) }}
{%- endmacro %}


{% macro timestamp_literal(instant) -%}
    cast('{{ instant.isoformat(sep=' ') }}' as timestamp)
{%- endmacro %}
