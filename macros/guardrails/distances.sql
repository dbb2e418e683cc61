{#- Distances between two distributions given as shares per bin. Every term is a decimal, so that a sum
    does not depend on the order of its rows. -#}

{% macro psi_term(share, base_share) -%}
    {%- set now = 'greatest(cast(' ~ share ~ ' as double), ' ~ smallest_share() ~ ')' -%}
    {%- set base = 'greatest(cast(' ~ base_share ~ ' as double), ' ~ smallest_share() ~ ')' -%}
    cast(({{ now }} - {{ base }}) * ln({{ now }} / {{ base }}) as decimal(28, 15))
{%- endmacro %}


{% macro smallest_share() -%}
    0.0001
{%- endmacro %}


{% macro jensen_shannon_term(share, base_share) -%}
    cast(
        case when {{ share }} > 0 then 0.5 * {{ share }} * log2(2.0 * {{ share }} / ({{ share }} + {{ base_share }})) else 0 end
        + case when {{ base_share }} > 0 then 0.5 * {{ base_share }} * log2(2.0 * {{ base_share }} / ({{ share }} + {{ base_share }})) else 0 end
        as decimal(28, 15)
    )
{%- endmacro %}


{% macro rank_correlation(x, y, weight) -%}
    {%- set n = 'sum(' ~ weight ~ ')' -%}
    {%- set x_total = 'sum(' ~ weight ~ ' * ' ~ x ~ ')' -%}
    {%- set y_total = 'sum(' ~ weight ~ ' * ' ~ y ~ ')' -%}
    cast({{ n }} * sum({{ weight }} * {{ x }} * {{ y }}) - {{ x_total }} * {{ y_total }} as double)
    / nullif(
        sqrt(cast({{ n }} * sum({{ weight }} * {{ x }} * {{ x }}) - {{ x_total }} * {{ x_total }} as double))
        * sqrt(cast({{ n }} * sum({{ weight }} * {{ y }} * {{ y }}) - {{ y_total }} * {{ y_total }} as double)),
        0
    )
{%- endmacro %}


{% macro distances(compared) -%}
    with by_tenth as (
        select
            run_id,
            scope,
            subject,
            tenth,
            sum(share) as share,
            sum(base_share) as base_share
        from {{ compared }}
        group by run_id, scope, subject, tenth
    ),

    tenths_compared as (
        select
            run_id,
            scope,
            subject,
            cast(sum({{ psi_term('share', 'base_share') }}) as double) as psi,
            sqrt(cast(greatest(sum({{ jensen_shannon_term('cast(share as double)', 'cast(base_share as double)') }}), 0) as double)) as jensen_shannon
        from by_tenth
        group by run_id, scope, subject
    ),

    cumulated as (
        select
            run_id,
            scope,
            subject,
            abs(sum(share - base_share) over (
                partition by run_id, scope, subject
                order by bin
            )) as gap
        from {{ compared }}
    ),

    largest_gaps as (
        select
            run_id,
            scope,
            subject,
            cast(max(gap) as double) as kolmogorov_smirnov
        from cumulated
        group by run_id, scope, subject
    )

    select
        tenths_compared.run_id,
        tenths_compared.scope,
        tenths_compared.subject,
        tenths_compared.psi,
        tenths_compared.jensen_shannon,
        largest_gaps.kolmogorov_smirnov
    from tenths_compared
    inner join largest_gaps
        on
            tenths_compared.run_id = largest_gaps.run_id
            and tenths_compared.scope = largest_gaps.scope
            and tenths_compared.subject = largest_gaps.subject
{%- endmacro %}
