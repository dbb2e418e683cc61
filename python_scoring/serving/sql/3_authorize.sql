-- Who may read what, in which context. Every decision is one line of the server's log, written
-- before the error is raised: whoever catches the error cannot keep it out of the log.
--
-- A caller chooses the text of statements, the settings of the session and what happens around a
-- call. So settings that change a text are pinned on each function, and a line is known by its mark.

-- Writes a decision to the log with a mark, an HMAC that only the owner of the key can make.
create or replace function serving_data.log_decision(decision jsonb) returns void
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    line text := decision || jsonb_build_object(
        'id', gen_random_uuid(), 'pid', pg_backend_pid(), 'at', extract(epoch from clock_timestamp())
    );
    secret bytea;
begin
    select log_key.key into strict secret from serving_data.log_key;
    raise log 'serving access % %',
        line, encode(sha256(secret || sha256(secret || convert_to(line, 'UTF8'))), 'hex');
end
$$;

-- Who reads: the one who is logged in, or has been taken by SET ROLE. Unlike current_user it is the
-- same inside another owner's view or function.
create or replace function serving_data.caller() returns text
language sql stable parallel restricted
return coalesce(nullif(current_setting('role'), 'none'), session_user);

-- Whether the transaction's snapshot is older than the last change that took an entitlement away.
-- Within repeatable read, the former entitlements would count for as long as it stays open.
create or replace function serving_data.is_outdated() returns boolean
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
as $$
begin
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
        return false;
    end if;
    return (select number from serving_data.last_revocation)
        <> (select last_value from serving_data.revocations);
end
$$;

-- Logs that a read is refused, and returns why. The caller raises it: a short error context.
-- A column is named where all but that was allowed. Before 0.2 nobody named one.
drop function if exists serving_data.refusal(text, text, integer, text, boolean);
create or replace function serving_data.refusal(
    caller text, wanted_output text, wanted_version integer, wanted_column text, context text,
    is_lookup boolean
) returns text
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
as $$
#variable_conflict use_column
declare
    wanted text := wanted_output || coalesce(' v' || wanted_version, '');
    known_roles text[];
    subject text;
    reason text;
    remedy text;
    entitled text;
    ended_on date;
begin
    select array_agg(consumers.role order by consumers.role) into known_roles
    from serving_data.consumers
    inner join pg_roles on pg_roles.rolname = caller and not pg_roles.rolsuper
    where pg_has_role(pg_roles.oid, consumers.role_oid, 'usage');
    subject := coalesce(array_to_string(known_roles, ', '), caller);

    if wanted_column is not null then
        reason := format(
            '%s is not entitled to the column %s of %s',
            caller, quote_literal(wanted_column), wanted
        );
        remedy := 'name the columns that you read, or change withheld_columns of the exposure and'
            ' publish again';
    elsif known_roles is null then
        reason := format('%s is no consumer', caller);
        remedy := 'connect with a login that is a member of a consumer''s role';
    elsif serving_data.is_outdated() then
        reason := 'entitlements have changed since this transaction began';
        remedy := 'begin a new transaction';
    elsif not exists (
        select from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output
    ) then
        reason := format('%s is not entitled to the output %s', subject, left(wanted_output, 100));
        remedy := 'name it under meta.access of the exposure and publish again';
    elsif wanted_version is not null and not exists (
        select from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output and version = wanted_version
    ) then
        select string_agg(distinct 'v' || version, ', ') into entitled
        from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output;
        reason := format('%s is not entitled to %s', subject, wanted);
        remedy := format('read %s, or change the exposure and publish again', entitled);
    else
        select
            string_agg(distinct quote_literal(usage_context), ', '),
            max(valid_until) filter (
                where
                    usage_context = context
                    and valid_until < cast(clock_timestamp() at time zone 'utc' as date)
            )
        into entitled, ended_on
        from serving_data.entitlements
        where
            role = any (known_roles)
            and output = wanted_output
            and (wanted_version is null or version = wanted_version);
        if coalesce(context, '') = '' then
            reason := format('no usage context was stated for %s', wanted);
            remedy := format('set serving.usage_context to one of %s', entitled);
        elsif ended_on is null then
            reason := format(
                '%s is not entitled to %s in the usage context %s',
                subject, wanted, quote_literal(left(context, 100))
            );
            remedy := format('state one of %s, or change the exposure and publish again', entitled);
        else
            reason := format(
                'the entitlement of %s to %s in the usage context %s ended on %s',
                subject, wanted, quote_literal(left(context, 100)), ended_on
            );
            remedy := 'ask the product''s owner to renew valid_until in the exposure';
        end if;
    end if;

    perform serving_data.log_decision(jsonb_build_object(
        'role', case when cardinality(known_roles) = 1 then known_roles[1] else caller end,
        'output', left(wanted_output, 100), 'version', wanted_version, 'context', left(context, 100),
        'allowed', false, 'lookup', is_lookup, 'reason', reason
    ));
    return format('access denied: %s; %s', reason, remedy);
end
$$;

-- Stands in the WHERE of every view, as a subquery: once per read, before any row.
create or replace function serving.authorize(output text, version integer) returns boolean
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
as $$
#variable_conflict use_column
declare
    caller text := serving_data.caller();
    context text := current_setting('serving.usage_context', true);
    consumer text;
begin
    select entitlements.role into consumer
    from pg_roles
    inner join serving_data.entitlements
        on pg_has_role(pg_roles.oid, entitlements.role_oid, 'usage')
    where
        pg_roles.rolname = caller
        and not pg_roles.rolsuper  -- who is a member of every role, and entitled by nobody
        and entitlements.output = authorize.output
        and entitlements.version = authorize.version
        and entitlements.usage_context = context
        and (
            entitlements.valid_until is null
            or entitlements.valid_until >= cast(clock_timestamp() at time zone 'utc' as date)
        )
    order by entitlements.role
    limit 1;

    if consumer is null or serving_data.is_outdated() then
        raise exception using
            errcode = 'insufficient_privilege',
            message = serving_data.refusal(
                caller, authorize.output, authorize.version, null, context, false
            );
    end if;
    perform serving_data.log_decision(jsonb_build_object(
        'role', consumer, 'output', authorize.output, 'version', authorize.version,
        'context', context, 'allowed', true, 'lookup', false, 'reason', null
    ));
    return true;
end
$$;

-- Stands around each column of a view that somebody may not read, as a subquery: once per read that
-- names the column. A privilege on the column would deny it too, but a denial by PostgreSQL that the
-- caller catches is in no log.
create or replace function serving.authorize_column(
    output text, version integer, column_name text
) returns boolean
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    caller text := serving_data.caller();
begin
    if exists (
        select
        from pg_roles
        inner join serving_data.entitlements
            on pg_has_role(pg_roles.oid, entitlements.role_oid, 'usage')
        where
            pg_roles.rolname = caller
            and not pg_roles.rolsuper
            and entitlements.output = authorize_column.output
            and entitlements.version = authorize_column.version
        group by entitlements.role
        having not bool_or(authorize_column.column_name = any (entitlements.withheld_columns))
    ) then
        return true;
    end if;
    raise exception using
        errcode = 'insufficient_privilege',
        message = serving_data.refusal(
            caller, authorize_column.output, authorize_column.version,
            authorize_column.column_name, current_setting('serving.usage_context', true), false
        );
end
$$;
